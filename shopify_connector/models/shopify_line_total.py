"""Units fulfilled ever, summed up: what rows that change no more come to.

A push asks for this sum, which grows with the years. So rows that are closed are folded
into totals every night, and a push sums the totals and the rows that are not folded.
The sum is the same at any moment, for every transaction: folding is one statement, and
whatever changes or removes a folded row takes its units out of the totals in the same
statement (by a trigger of the database: rows go by cascades too). Totals are inserted
only, but for the night, when each key's become one again.
"""

from odoo import api, fields, models

ROWS_A_LOT = 20_000

# Past the ORM on purpose: a row that goes by a cascade, or by somebody's own SQL, must
# not leave its units behind. PostgreSQL replaces triggers from 14 on only; Odoo takes 13.
TRIGGERS = """
    CREATE OR REPLACE FUNCTION shopify_line_place_unfold() RETURNS trigger AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM shopify_line_total;
            RETURN NULL;
        END IF;
        -- With its store everything goes.
        INSERT INTO shopify_line_total (backend_id, company_id, product_id,
                                        location_gid, variant_gid, units)
        SELECT OLD.backend_id, OLD.company_id, OLD.product_id, OLD.location_gid,
               OLD.variant_gid, -OLD.fulfilled_units
          FROM shopify_backend WHERE id = OLD.backend_id;
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        NEW.is_folded := false;
        RETURN NEW;
    END $$ LANGUAGE plpgsql;
    DROP TRIGGER IF EXISTS shopify_unfold_changed ON shopify_line_place;
    CREATE TRIGGER shopify_unfold_changed
        BEFORE UPDATE ON shopify_line_place FOR EACH ROW
        WHEN (OLD.is_folded AND
              (OLD.backend_id, OLD.product_id, OLD.location_gid, OLD.variant_gid,
               OLD.fulfilled_units, OLD.is_folded)
              IS DISTINCT FROM
              (NEW.backend_id, NEW.product_id, NEW.location_gid, NEW.variant_gid,
               NEW.fulfilled_units, NEW.is_folded))
        EXECUTE FUNCTION shopify_line_place_unfold();
    DROP TRIGGER IF EXISTS shopify_unfold_removed ON shopify_line_place;
    CREATE TRIGGER shopify_unfold_removed
        BEFORE DELETE ON shopify_line_place FOR EACH ROW WHEN (OLD.is_folded)
        EXECUTE FUNCTION shopify_line_place_unfold();
    DROP TRIGGER IF EXISTS shopify_unfold_all ON shopify_line_place;
    CREATE TRIGGER shopify_unfold_all
        AFTER TRUNCATE ON shopify_line_place
        EXECUTE FUNCTION shopify_line_place_unfold();
"""
DROP = "DROP FUNCTION IF EXISTS shopify_line_place_unfold() CASCADE"
_KEY = "backend_id, company_id, product_id, location_gid, variant_gid"
# A row that somebody works on now is folded another night.
FOLD = f"""
    WITH closed AS (
        SELECT id FROM shopify_line_place
         WHERE is_closed AND is_folded IS NOT TRUE
         ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ), folded AS (
        UPDATE shopify_line_place place SET is_folded = true
          FROM closed WHERE place.id = closed.id
        RETURNING {", ".join(f"place.{name}" for name in _KEY.split(", "))},
                  place.fulfilled_units
    ), total AS (
        INSERT INTO shopify_line_total ({_KEY}, units)
        SELECT {_KEY}, sum(fulfilled_units) FROM folded GROUP BY {_KEY}
        HAVING sum(fulfilled_units) <> 0
    )
    SELECT count(*) FROM folded
"""
# What is inserted meanwhile isn't seen, and stays beside it.
MERGE = f"""
    WITH gone AS (DELETE FROM shopify_line_total)
    INSERT INTO shopify_line_total ({_KEY}, units)
    SELECT {_KEY}, sum(fulfilled_units) FROM shopify_line_place
     WHERE is_folded GROUP BY {_KEY} HAVING sum(fulfilled_units) <> 0
"""


class ShopifyLineTotal(models.Model):
    _name = "shopify.line.total"
    _description = "Shopify Units Fulfilled at a Location"
    _order = "id"
    _log_access = False

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company")
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    location_gid = fields.Char("Shopify Location ID", required=True)
    variant_gid = fields.Char("Shopify Variant ID")
    units = fields.Integer(required=True, help="Below zero: taken out again.")

    _known = models.Index("(backend_id, product_id, location_gid)")


class ShopifyLinePlace(models.Model):
    _inherit = "shopify.line.place"

    is_folded = fields.Boolean(
        readonly=True, help="Its fulfilled units are in the totals."
    )

    _unfolded = models.Index(
        "(backend_id, product_id, location_gid) WHERE is_folded IS NOT TRUE"
    )
    _folding = models.Index("(id) WHERE is_closed AND is_folded IS NOT TRUE")

    def init(self):
        result = super().init()
        self.env.cr.execute(TRIGGERS)
        return result

    @api.autovacuum
    def _gc_fold(self):
        """Fold the next lot; the last one of the night makes each key's totals one.

        -> (rows folded, whether there may be more)
        """
        self.flush_model()
        self.env.cr.execute(FOLD, [ROWS_A_LOT])
        [count] = self.env.cr.fetchone()
        is_last = count < ROWS_A_LOT
        if is_last:
            self.env.cr.execute(MERGE)
        self.invalidate_model(["is_folded"])
        self.env["shopify.line.total"].invalidate_model()
        return count, not is_last
