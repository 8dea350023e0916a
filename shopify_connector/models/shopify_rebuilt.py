"""What each record type does when its links are made again from Shopify's proofs."""

from odoo import api, models

from ..core import customers
from ..core.customers import CONTACT, CUSTOMER
from ..core.failures import NeedsReview
from ..core.identity import NO_MARK
from .shopify_res_partner import address_of


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        """{GID: values of the link}; rows: {GID: columns of shopify.match}."""
        return {
            gid: {"shopify_gid": gid, self._record_field: proofs[gid].ids[0]}
            for gid in rows
        }

    @api.model
    def _rebind(self, backend, values, proofs):
        """Make these links as they were: the mark in Shopify stands already. Where what
        we would write differs all the same, it is written again."""
        links = self._as_engine().create(
            [{"backend_id": backend.id, **each} for each in values.values()]
        )
        links._rebuilt(backend, proofs)
        backend._release(
            [f"{self._wait_prefix()}:{link.shopify_gid}" for link in links]
        )
        own = links._proofs(self.env["shopify.mark"]._database())
        links.filtered(
            lambda link: own.get(link) != proofs[link.shopify_gid]
        )._ask_for_marks("rebuilt")
        return self.browse(links.ids)

    def _rebuilt(self, backend, proofs):
        """What hangs on the links: each type's own."""


class ShopifyProductProduct(models.Model):
    _inherit = "shopify.product.product"

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        products = self.env["shopify.product.template"]._find(
            backend, {row["parent_gid"] for row in rows.values()}
        )
        values = super()._rebuilt_values(backend, rows, proofs)
        for gid, each in values.items():
            row = rows[gid]
            facts, product = row["facts"] or {}, products.get(row["parent_gid"])
            each |= {
                "product_gid": row["parent_gid"],
                "product_link_id": product.id if product else False,
                "inventory_item_gid": facts.get("inventory_item") or False,
                "tracked": bool(facts.get("stocked")),
                "label": row["sku"] or row["name"],
                "main_quantity": (proofs[gid].quantities or (1,))[0],
            }
        return values

    def _rebuilt(self, backend, proofs):
        values = []
        for link in self:
            proof = proofs[link.shopify_gid]
            counts = proof.quantities or (1,) * len(proof.ids)
            values += [
                {"link_id": link.id, "product_id": product_id, "quantity": count}
                for product_id, count in zip(proof.ids[1:], counts[1:], strict=True)
            ]
        self.env["shopify.product.component"].create(values)

    @api.model
    def _bind(self, backend, vals_list):
        """See shopify.binding; `proof`, where an import finds a lost link again: what
        one unit of a pack holds stands there, and would be lost with the next mark."""
        proofs = {}
        for vals in vals_list:
            proof = vals.pop("proof", None)
            if proof and (len(proof.ids) > 1 or proof.quantities):
                proofs[vals["shopify_gid"]] = proof
        links = super()._bind(backend, vals_list)
        packs = links.filtered(lambda link: link.shopify_gid in proofs)._as_engine()
        packs._take_contents(backend, proofs)
        return links

    def _take_contents(self, backend, proofs):
        ids = {id for proof in proofs.values() for id in proof.ids[1:]}
        there = set(self.env["product.product"].browse(ids).exists().ids)
        for link in self:
            proof = proofs[link.shopify_gid]
            if not there.issuperset(proof.ids[1:]):
                raise NeedsReview(
                    "identity_record_gone",
                    theirs=", ".join(f"product.product {id}" for id in proof.ids),
                )
            link.main_quantity = (proof.quantities or (1,))[0]
        self._rebuilt(backend, proofs)


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        values = super()._rebuilt_values(backend, rows, proofs)
        for gid, each in values.items():
            each["name"] = rows[gid]["name"]
        return values

    def _rebuilt(self, backend, proofs):
        """Its lines are found by reading the order: Shopify marks none of them."""
        self.env["shopify.trigger"].sudo()._insert_missing(
            backend,
            [(self._flow, "in", self._shopify_type, gid) for gid in proofs],
            "rebuilt",
        )

    def _restore_around(self, backend, plan):
        """The order's lines are linked again; now its people and its deliveries. A
        delivery finds what Shopify holds of it, and sends nothing that is there."""
        self.env["shopify.res.partner"]._restore_keys(backend, plan, self.sale_order_id)
        sent = self.sale_order_id.picking_ids.filtered(
            lambda picking: (
                picking.state == "done"
                and picking.picking_type_id.code in ("outgoing", "dropship")
                and backend not in picking.shopify_binding_ids.backend_id
            )
        )
        self.env["shopify.trigger"].sudo()._insert_missing(
            backend,
            [("fulfilments", "out", "stock.picking", str(each.id)) for each in sent],
            "rebuilt",
        )


class ShopifyResPartner(models.Model):
    _inherit = "shopify.res.partner"

    @api.model
    def _restore_keys(self, backend, plan, order):
        """What the buyer of a restored order and its addresses are recognised by; only
        where the order's own contacts say the same still. So the next order finds them.

        plan: core OrderPlan; order: its sale order.
        """
        buyer, person = order.partner_id, plan.customer
        self._restore_account(backend, person, order)
        values = []
        if self._is_still(buyer, person) and not self._claims(
            backend, [person.match_key]
        ):
            values.append(
                {"kind": CUSTOMER, "match_key": person.match_key, "odoo_id": buyer.id}
            )
        places = (
            (order.partner_invoice_id, plan.bill_to),
            (order.partner_shipping_id, plan.ship_to),
        )
        contacts = {
            (buyer.id, address.key()): contact.id
            for contact, address in places
            if contact.parent_id == buyer and _lives_at(contact, address)
        }
        known = self._known_contacts(backend, contacts)
        values += [
            {
                "kind": CONTACT,
                "match_key": key,
                "parent_partner_id": buyer.id,
                "odoo_id": contact_id,
            }
            for (_buyer, key), contact_id in contacts.items()
            if (_buyer, key) not in known
        ]
        self._as_engine().create([{"backend_id": backend.id, **v} for v in values])

    @api.model
    def _restore_account(self, backend, person, order):
        """A further account of a contact carries no Odoo ID that would bring it back. But
        where links are rebuilt, an order of it that is linked again to a contact whose
        main customer is another says the same."""
        if not person.gid or person.mark != NO_MARK or not backend._is_rebuilding():
            return
        gid, buyer = person.gid, order.partner_id
        main = self.sudo()._links_of(backend, buyer.ids).get(buyer.id)
        parted = self.env["shopify.parted"].sudo()._of(backend, [gid])
        if not main or parted or self.sudo()._find(backend, [gid]):
            return
        link = self._as_engine().create(
            {
                "backend_id": backend.id,
                "kind": CUSTOMER,
                "shopify_gid": gid,
                "odoo_id": buyer.id,
                "alias_of_id": main.id,
            }
        )
        backend._release([f"{self._wait_prefix()}:{gid}"])
        link._note_link(
            "made an alias",
            self.env._(
                "Found again as a further account of %(record)s (ID %(id)s), whose main "
                "customer is %(gid)s: %(order)s was made with it.",
                record=buyer.display_name,
                id=buyer.id,
                gid=main.shopify_gid,
                order=order.name,
            ),
        )

    @api.model
    def _is_still(self, buyer, person):
        if not person.match_key:
            return False
        if person.email:
            email = buyer.email_normalized or buyer.email
            return customers.normal_email(email) == person.email
        return buyer.name == person.name


def _lives_at(contact, address):
    if not (address and address.has_place):
        return False
    own = address_of(contact)
    return bool(own) and customers.contacts_for(own, None, address).delivery is None


class ShopifyMappingLocation(models.Model):
    _inherit = "shopify.mapping.location"

    @api.model
    def _rebind(self, backend, values, proofs):
        """Every location of the shop has a row already, or gets one."""
        rows = self._find(backend, values)
        self._as_engine().create(
            [
                {"backend_id": backend.id, "shopify_gid": gid, "name": each["name"]}
                for gid, each in values.items()
                if gid not in rows
            ]
        )
        for gid, row in self._find(backend, values).items():
            place = self.env["stock.location"].browse(values[gid]["location_id"])
            # The whole warehouse first: it would choose its own stock.
            own = {"warehouse_id": place.warehouse_id.id, "location_id": place.id}
            row._as_engine().write(values[gid] | own)
        return self.browse()

    @api.model
    def _rebuilt_values(self, backend, rows, proofs):
        values = super()._rebuilt_values(backend, rows, proofs)
        for gid, each in values.items():
            each["name"] = rows[gid]["name"]
        return values
