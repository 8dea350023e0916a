"""Makes Odoo products from Shopify's, many in one go.

Used for new products and for variants that appear later on products made here. What
already existed in Odoo is never changed by it.
"""

from collections import defaultdict

from odoo.fields import Command

from ..core import products
from ..core.products import ProductPlan, VariantPlan

# Above this, Odoo's own making of every combination takes longer than it is worth.
FULL_MATRIX = 100


class ProductMaker:
    """Makes products of one store. `env` is the sync user's, in the store's language."""

    def __init__(self, env, backend):
        self.env = env
        self.backend = backend
        # A shared catalogue is Odoo's own default.
        self.company = env["res.company"]

    # === NEW PRODUCTS === #

    def make(self, plans: list[ProductPlan]) -> dict[str, dict[str, int]]:
        """-> {product GID: {"": template ID, variant GID: product ID, …}}"""
        values = self._attribute_values(
            [(plan.options, self._modes(plan)) for plan in plans]
        )
        templates = self.env["product.template"].create(
            [
                self._template_vals(plan, values[number])
                for number, plan in enumerate(plans)
            ]
        )
        made = {
            plan.gid: {"": template.id}
            for plan, template in zip(plans, templates, strict=True)
        }
        with_options = []
        for plan, template in zip(plans, templates, strict=True):
            if plan.options:
                with_options.append((plan, template, plan.variants))
            else:
                made[plan.gid][plan.variants[0].gid] = template.product_variant_id.id
        for gid, found in self._variants(with_options).items():
            made[gid].update(found)
        for plan, template, _variants in with_options:
            self._write_extras(plan, template)
        return made

    def _template_vals(self, plan, values):
        only = plan.variants[0] if not plan.options else None
        vals = {
            "name": plan.title,
            "type": "consu" if plan.kind == "goods" else "service",
            "is_storable": plan.is_stocked,
            "uom_id": self.env.ref("uom.product_uom_unit").id,
            "company_id": self.company.id,
            "attribute_line_ids": [
                Command.create(
                    {
                        "attribute_id": values[option.name]["attribute"],
                        "value_ids": [
                            Command.set(
                                [values[option.name][value] for value in option.values]
                            )
                        ],
                        "sequence": place,
                    }
                )
                for place, option in enumerate(plan.options)
            ],
        }
        base = products.plan_prices(plan).base if self._same_currency() else 0
        vals["list_price"] = float(base)
        return vals | (self._variant_vals(only) if only else {})

    def _variant_vals(self, variant: VariantPlan):
        vals = {"default_code": variant.sku or False}
        # An empty barcode is written too: a unique column takes many nulls only.
        vals["barcode"] = variant.barcode or False
        if variant.weight:
            vals["weight"] = self._weight(variant.weight)
        return vals

    def _weight(self, kilograms):
        unit = self.env[
            "product.template"
        ]._get_weight_uom_id_from_ir_config_parameter()
        kilogram = self.env.ref("uom.product_uom_kgm")
        return kilogram._compute_quantity(float(kilograms), unit, round=False)

    def _same_currency(self):
        """Odoo's price is in the company's currency; another one says nothing there."""
        shop = self.backend.shop_currency_id
        return bool(shop) and shop == self.backend.company_id.currency_id

    # === VARIANTS === #

    def add(self, added) -> dict[str, dict[str, int]]:
        """Variants that appeared on products made here.

        added: list of (plan, template, variant plans). -> {product GID: {variant GID:
        product ID}}; left out is a variant that doesn't fit the product's attributes,
        and one whose combination is there already: a person made it, or an earlier
        Shopify variant holds it.
        """
        fitting, there = [], set()
        for plan, template, variants in added:
            if not plan.options or not self._lines(plan, template):
                continue
            there.update(self._all_variants(template).ids)
            self._extend_lines(plan, template, variants)
            fitting.append((plan, template, variants))
        return self._variants(fitting, there)

    def _all_variants(self, template):
        return template.with_context(active_test=False).product_variant_ids

    def _variants(self, wanted, foreign=()) -> dict[str, dict[str, int]]:
        """Existing variants by their combination, the others made in one create().

        foreign: IDs of variants that aren't ours to write; what means one is left out.
        """
        found, missing = defaultdict(dict), []
        for plan, template, variants in wanted:
            by_values = self._value_records(plan, template)
            existing = {
                product.product_template_attribute_value_ids: product
                for product in self._all_variants(template)
            }
            for variant in variants:
                combination = self.env["product.template.attribute.value"].concat(
                    *(by_values[pair] for pair in _pairs(plan, variant))
                )
                product = existing.get(combination)
                if product and product.id in foreign:
                    continue
                if product:
                    product.write(self._variant_vals(variant))
                    found[plan.gid][variant.gid] = product.id
                else:
                    missing.append((plan, variant, template, combination))
        created = self.env["product.product"].create(
            [
                template._prepare_variant_values(combination)
                | self._variant_vals(variant)
                for _plan, variant, template, combination in missing
            ]
        )
        for (plan, variant, _t, _c), product in zip(missing, created, strict=True):
            found[plan.gid][variant.gid] = product.id
        return found

    def _value_records(self, plan, template):
        """{(option name, value name): the product's own attribute value}"""
        return {
            (option.name, value.name): value
            for option, line in zip(
                plan.options, self._lines(plan, template), strict=True
            )
            for value in line.product_template_value_ids
            if value.ptav_active
        }

    def _lines(self, plan, template):
        """The attribute lines in the order of the options; empty if they differ."""
        lines = template.attribute_line_ids.sorted(
            lambda line: (line.sequence, line.id)
        )
        names = [line.attribute_id.name for line in lines]
        return lines if names == [option.name for option in plan.options] else []

    def _extend_lines(self, plan, template, variants):
        values = self._attribute_values(
            [(plan.options, {})], self._lines(plan, template)
        )
        for place, (option, line) in enumerate(
            zip(plan.options, self._lines(plan, template), strict=True)
        ):
            wanted = {
                values[0][option.name][variant.values[place]] for variant in variants
            }
            new = wanted - set(line.value_ids.ids)
            if new:
                line.write({"value_ids": [Command.link(value) for value in new]})

    def _write_extras(self, plan, template):
        prices = products.plan_prices(plan)
        if not prices.extras or not self._same_currency():
            return
        records = self._value_records(plan, template)
        for pair, extra in prices.extras.items():
            records[pair].price_extra = float(extra)

    # === ATTRIBUTES === #

    def _modes(self, plan):
        """Ways of making variants that an attribute may have to serve this product.

        Odoo makes every combination by itself for "always"; where Shopify lacks some,
        only attributes whose variants are made on demand will do.
        """
        if plan.is_full_matrix and len(plan.variants) <= FULL_MATRIX:
            return ("always", "dynamic")
        return ("dynamic",)

    def _attribute_values(self, wanted, lines=()):
        """Attributes and values by name, made where Odoo lacks them.

        wanted: list of (options, allowed modes). A name is no identity of a record,
        but an attribute is vocabulary: one "Size" for all products is what people
        expect. Returns for each {option name: {"attribute": ID, value name: ID, …}}.
        """
        attributes = self._attributes(wanted, lines)
        # In Shopify's order: Odoo lists an attribute's values as they were made.
        names = defaultdict(dict)
        for number, (options, _modes) in enumerate(wanted):
            for option in options:
                names[attributes[number, option.name]] |= dict.fromkeys(option.values)
        ids = self._values_of(names)
        return [
            {
                option.name: {
                    "attribute": attributes[number, option.name],
                    **{
                        value: ids[attributes[number, option.name], value]
                        for value in option.values
                    },
                }
                for option in options
            }
            for number, (options, _modes) in enumerate(wanted)
        ]

    def _attributes(self, wanted, lines):
        """{(number in wanted, option name): attribute ID}"""
        if lines:
            return {(0, line.attribute_id.name): line.attribute_id.id for line in lines}
        names = {option.name for options, _modes in wanted for option in options}
        known = defaultdict(dict)
        for attribute in self.env["product.attribute"].search(
            [("name", "in", list(names)), ("create_variant", "!=", "no_variant")],
            order="id",
        ):
            known[attribute.name].setdefault(attribute.create_variant, attribute.id)
        missing = {
            option.name
            for options, modes in wanted
            for option in options
            if not set(modes) & set(known[option.name])
        }
        created = self.env["product.attribute"].create(
            [{"name": name, "create_variant": "dynamic"} for name in sorted(missing)]
        )
        for attribute in created:
            known[attribute.name]["dynamic"] = attribute.id
        return {
            (number, option.name): next(
                known[option.name][mode] for mode in modes if mode in known[option.name]
            )
            for number, (options, modes) in enumerate(wanted)
            for option in options
        }

    def _values_of(self, names):
        """{(attribute ID, value name): value ID}; names: {attribute ID: value names}"""
        model = self.env["product.attribute.value"]
        ids = {
            (value.attribute_id.id, value.name): value.id
            for value in model.search([("attribute_id", "in", list(names))], order="id")
        }
        missing = [
            (attribute, name)
            for attribute, wanted in names.items()
            for name in wanted
            if (attribute, name) not in ids
        ]
        created = model.create(
            [{"attribute_id": attribute, "name": name} for attribute, name in missing]
        )
        ids.update(zip(missing, created.ids, strict=True))
        return ids


def _pairs(plan, variant):
    return [
        (option.name, value)
        for option, value in zip(plan.options, variant.values, strict=True)
    ]
