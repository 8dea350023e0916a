"""Where another connector may have left its links in this database: looked for, offered.

Nothing of its code runs, and nothing here is believed: columns are read as text. Tables
that an uninstalled module left behind count as well as the fields of living ones.
"""

from dataclasses import dataclass

from odoo.tools import SQL

from ..core import takeover

# Tables of Odoo whose records can stand for something in Shopify.
STANDARD = {
    "product_template": "product.template",
    "product_product": "product.product",
    "res_partner": "res.partner",
    "sale_order": "sale.order",
    "account_move": "account.move",
}
TABLES = {model: table for table, model in STANDARD.items()}
TEXT_TYPES = ("character varying", "text", "bigint", "integer", "numeric")
# Columns of a left-over table that hold an Odoo ID, where no foreign key says so.
ODOO_COLUMNS = {
    "product_tmpl_id": "product.template",
    "template_id": "product.template",
    "product_template_id": "product.template",
    "product_id": "product.product",
    "variant_id": "product.product",
    "partner_id": "res.partner",
    "customer_id": "res.partner",
    "sale_order_id": "sale.order",
    "order_id": "sale.order",
    "sale_id": "sale.order",
    "move_id": "account.move",
    "invoice_id": "account.move",
}
# Names that say nothing of the model; the table's name must.
ANY_RECORD = ("odoo_id", "erp_id", "odoo_record_id", "res_id")
IS_AN_ID = r"^(gid://shopify/[A-Za-z]+/)?[1-9][0-9]*(\.0)?$"
SAMPLES = 3
ROWS_A_LOT = 2000


@dataclass(frozen=True)
class Found:
    """A column that may hold Shopify IDs, and the one with the Odoo ID beside it."""

    table: str
    column: str
    id_column: str
    odoo_model: str
    shopify_type: str
    count: int
    samples: tuple[str, ...]


class Inspector:
    """Looks through the database's own catalogue."""

    def __init__(self, env):
        self.env = env

    def find(self):
        """[Found], those with the most values first."""
        found = []
        for table, columns in self._tables().items():
            pairs = [
                (value, key, model)
                for value in columns
                if takeover.looks_like_id(table, value)
                for key, model in self._keys(table, columns, value)
            ]
            found += [row for pair in pairs if (row := self._measure(table, *pair))]
        return sorted(found, key=lambda row: (-row.count, row.table, row.column))

    def _tables(self):
        """{table: {column: table that it is a foreign key to, or ""}}; without our own
        tables, views, and what isn't text or a number."""
        self.env.cr.execute(
            """
            SELECT c.table_name, c.column_name, coalesce(f.target, '')
              FROM information_schema.columns c
              JOIN information_schema.tables t
                ON t.table_schema = c.table_schema AND t.table_name = c.table_name
               AND t.table_type = 'BASE TABLE'
              LEFT JOIN LATERAL (
                   SELECT k.confrelid::regclass::text AS target
                     FROM pg_constraint k
                     JOIN pg_attribute a
                       ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                    WHERE k.contype = 'f' AND cardinality(k.conkey) = 1
                      AND k.conrelid = to_regclass(
                          quote_ident(c.table_schema) || '.'
                          || quote_ident(c.table_name))
                      AND a.attname = c.column_name
                    LIMIT 1) f ON true
             WHERE c.table_schema = current_schema() AND c.data_type = ANY(%s)
               AND (c.table_name = ANY(%s) OR c.table_name LIKE '%%shopify%%')
            """,
            [list(TEXT_TYPES), list(STANDARD)],
        )
        own = self._own_tables()
        tables = {}
        for table, column, target in self.env.cr.fetchall():
            if table not in own:
                tables.setdefault(table, {})[column] = target
        return tables

    def _own_tables(self):
        """Ours, with their relation tables."""
        own = set()
        for model in self.env.values():
            if model._name.startswith("shopify.") and not model._abstract:
                if "shopify_connector" in (model._original_module or ""):
                    own.add(model._table)
                    own.update(
                        field.relation
                        for field in model._fields.values()
                        if field.type == "many2many" and field.store
                    )
        return own

    def _keys(self, table, columns, value):
        """(column with an Odoo ID, model) of a table, for this column of Shopify IDs."""
        if columns[value]:
            return []  # a foreign key: an ID of Odoo
        if table in STANDARD:
            return [("id", STANDARD[table])]
        keys = [
            (name, STANDARD[target])
            for name, target in columns.items()
            if target in STANDARD
        ]
        if not keys:
            keys = [
                (name, model)
                for name, model in ODOO_COLUMNS.items()
                if name in columns and name != value
            ]
        if not keys:
            kind = takeover.type_of_column("", table, "")
            keys = [
                (name, takeover.MODELS[kind])
                for name in ANY_RECORD
                if kind and name in columns
            ]
        return keys

    def _measure(self, table, column, id_column, model):
        rows = SQL(
            "FROM %(table)s WHERE %(value)s::text ~ %(id)s AND %(key)s::text ~ %(id)s",
            table=SQL.identifier(table),
            value=SQL.identifier(column),
            key=SQL.identifier(id_column),
            id=IS_AN_ID,
        )
        self.env.cr.execute(SQL("SELECT count(*) %s", rows))
        count = self.env.cr.fetchone()[0]
        if not count:
            return None
        self.env.cr.execute(
            SQL(
                "SELECT DISTINCT %s::text %s LIMIT %s",
                SQL.identifier(column),
                rows,
                SAMPLES,
            )
        )
        samples = tuple(sorted(value for (value,) in self.env.cr.fetchall()))
        kind = takeover.type_of_column(model, table, column, samples[0])
        if kind and not fits(kind, model) and table in STANDARD:
            # "shopify_product_id" of a variant is its own ID in some modules.
            kind = (
                "" if samples[0].startswith("gid:") else takeover.TYPES.get(model, "")
            )
        if not kind or not fits(kind, model):
            return None
        return Found(table, column, id_column, model, kind, count, samples)


def fits(shopify_type, model):
    """Whether a record of this model can be, or lead to, such a record of Shopify."""
    return takeover.MODELS[shopify_type] == model or (
        takeover.STANDINS.get(model) == shopify_type
    )


def _of_other_companies(model, key, company):
    """SQL: whether the record with the ID `key` belongs to another company."""
    owner = "product.template" if model == "product.product" else model
    variants = SQL("JOIN product_product p ON p.product_tmpl_id = r.id")
    return SQL(
        "EXISTS (SELECT FROM %s r %s WHERE %s = %s AND r.company_id <> %s)",
        SQL.identifier(TABLES[owner]),
        variants if owner != model else SQL(),
        SQL("p.id") if owner != model else SQL("r.id"),
        key,
        company.id,
    )


def read_column(env, source, company, after, limit):
    """[(Odoo ID, value)] of a column, in order, past `after`; without those of records
    that belong to another company.

    source: a shopify.takeover.source
    """
    odoo_id, value = after or (0, "")
    env.cr.execute(
        SQL(
            "SELECT key, value FROM ("
            'SELECT DISTINCT (%(key)s)::bigint AS key, %(value)s::text COLLATE "C"'
            " AS value FROM %(table)s WHERE %(key)s::text ~ '^[1-9][0-9]{0,9}$'"
            " AND coalesce(%(value)s::text, '') NOT IN ('', '0', 'false', 'False')) v"
            " WHERE (key, value) > (%(id)s, %(after)s) AND NOT %(foreign)s"
            " ORDER BY key, value"
            " LIMIT %(limit)s",
            key=SQL.identifier(source.id_column),
            value=SQL.identifier(source.column),
            table=SQL.identifier(source.table),
            foreign=_of_other_companies(source.odoo_model, SQL("v.key"), company),
            id=odoo_id,
            after=value,
            limit=limit,
        )
    )
    return env.cr.fetchall()
