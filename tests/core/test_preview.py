"""What a person sees before an item of a flow in review is carried out."""

from datetime import UTC, datetime
from decimal import Decimal

from core import preview
from core.companies import CompanyPlan
from core.customers import AddressPlan, CustomerPlan
from core.fulfillments import PickingFacts, ShippedLine, Tracking
from core.order_lines import PlannedLine
from core.orders import OrderPlan
from core.preview import Buyer
from core.product_links import LinkPlan
from core.products import ProductPlan, VariantPlan
from core.taxes import TaxAmount, TaxKey

ADDRESS = AddressPlan(
    name="Ada Byron", street="1 Main Street", zip="62701", city="Springfield"
)
ADA = CustomerPlan(
    gid="gid://shopify/Customer/1", name="Ada Byron", email="a@b.example"
)


def line(quantity=2, price="20.00", tax="4.00"):
    key = TaxKey(title="VAT", rate=Decimal("0.1"), included=False)
    return PlannedLine(
        gid="gid://shopify/LineItem/1",
        kind="variant",
        title="Shirt",
        quantity=quantity,
        unit_price=Decimal(price),
        included=False,
        taxes=(TaxAmount(key, Decimal(tax)),),
        sku="SHIRT",
    )


def order(*lines, total="44.00", tax="4.00"):
    return OrderPlan(
        gid="gid://shopify/Order/1",
        name="#1001",
        created_at=datetime(2026, 11, 24, tzinfo=UTC),
        updated_at="",
        currency="USD",
        digits=2,
        side="shop",
        taxes_included=False,
        customer=ADA,
        bill_to=ADDRESS,
        ship_to=None,
        lines=lines,
        location_gids=(),
        total=Decimal(total),
        tax=Decimal(tax),
    )


def rows(shown, kind):
    return [
        tuple(row)
        for section in shown.as_json()
        if section["kind"] == kind
        for row in section["rows"]
    ]


def test_order_shows_lines_buyer_and_both_sides_totals():
    shown = preview.of_order(order(line()), Buyer(ADA, "Ada (ID 7)", "link"))
    assert rows(shown, "created") == [
        ("Sales order", "#1001, USD"),
        ("Line", "2 × Shirt [SHIRT]: 44.00"),
        ("Billed to", "Ada Byron, 1 Main Street, 62701 Springfield"),
    ]
    assert rows(shown, "linked")[0] == ("Existing contact", "Ada Byron", "Ada (ID 7)")
    assert rows(shown, "totals")[-2:] == [
        ("Tax in total", "4.00", "4.00"),
        ("Total", "44.00", "44.00"),
    ]
    assert rows(shown, "totals")[0][-1] == "4.00"


def test_new_contact_shows_what_will_stand_in_odoo_and_why():
    shown = rows(preview.of_person(Buyer(ADA, "", "create")), "created")
    assert shown == [
        ("New contact", "Ada Byron"),
        ("E-mail", "a@b.example"),
        ("Because", "nobody in Odoo has this e-mail, or is this buyer"),
    ]


def test_company_location_shows_what_will_stand_in_odoo_and_why():
    branch = CompanyPlan(
        gid="gid://shopify/CompanyLocation/1",
        name="Harbour",
        reference="L-1",
        address=ADDRESS,
        parent_name="Acme",
    )

    made = preview.of_company(branch, "", "create")
    linked = preview.of_company(branch, "Dock (ID 7)", "link")

    assert rows(made, "created") == [
        ("New contact", "Harbour"),
        ("External reference", "L-1"),
        ("Belongs to", "Acme"),
        ("Address", "Ada Byron, 1 Main Street, 62701 Springfield"),
        ("Because", "no contact in Odoo has this external reference"),
    ]
    assert rows(linked, "linked") == [
        ("Existing contact", "Harbour", "Dock (ID 7)"),
        ("Because", "it has the same external reference"),
    ]


def test_buyer_who_stops_is_said_to_stop():
    shown = preview.of_person(Buyer(ADA, stop="Several candidates"))
    assert rows(shown, "stopped") == [("Contact", "Ada Byron", "Several candidates")]


def variant(number, sku):
    return VariantPlan(
        gid=f"gid://shopify/ProductVariant/{number}",
        inventory_item_gid="",
        values=("Red",),
        sku=sku,
        barcode="",
        price=Decimal("9.50"),
        weight=Decimal(0),
        tracked=True,
        needs_shipping=True,
        is_bundle=False,
    )


def test_product_shows_what_is_linked_and_what_is_made():
    one, other = variant(1, "ONE"), variant(2, "OTHER")
    product = ProductPlan(
        gid="gid://shopify/Product/1",
        title="Mug",
        status="ACTIVE",
        options=(),
        variants=(one, other),
        is_gift_card=False,
        updated_at="",
    )
    plan = LinkPlan(
        product, template_id=3, link_template=True, link={one.gid: 5}, make=(other,)
    )
    shown = preview.of_product(plan, "Odoo mug (ID 3)", {5: "Mug, red (ID 5)"})
    assert rows(shown, "linked") == [
        ("Product", "Mug", "Odoo mug (ID 3)"),
        ("Variant", "ONE", "Mug, red (ID 5)"),
    ]
    assert rows(shown, "created") == [("Variant", "OTHER, Red, 9.50")]


def test_delivery_shows_lines_and_tracking():
    facts = PickingFacts(
        name="WH/OUT/1",
        order_name="#1001",
        location="gid://shopify/Location/1",
        location_name="Shop",
        lines=(ShippedLine("gid://shopify/LineItem/1", 2, 2, "SHIRT"),),
        tracking=Tracking("3S1", "PostNL"),
    )
    shown = preview.of_fulfillments([(facts, {"gid://shopify/LineItem/1": 2})])
    assert rows(shown, "sent") == [
        ("Order", "#1001"),
        ("From", "Shop"),
        ("Line", "2 × SHIRT"),
        ("Tracking", "PostNL 3S1"),
    ]
    assert preview.of_fulfillments([(facts, {})]).sections == ()


def test_digest_is_the_same_for_the_same_and_another_for_a_cent():
    buyer = Buyer(ADA, "Ada (ID 7)", "link")
    one = preview.of_order(order(line()), buyer).as_json()
    same = preview.of_order(order(line()), buyer).as_json()
    cent = preview.of_order(order(line(), total="44.01"), buyer).as_json()
    assert preview.digest(one) == preview.digest(same)
    assert preview.digest(one) != preview.digest(cent)


def test_stock_shows_from_and_to():
    shown = preview.of_stock("SHIRT at Shop", 100, 105)
    assert rows(shown, "changed") == [("SHIRT at Shop", "100", "105")]
