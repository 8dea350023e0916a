"""Brings the store's records into the rows of a scan, one type after the other.

Rows are put there by SQL, a lot in one statement. They are a copy of a file, without
defaults, computed fields or rights of their own: the ORM would take some fifty times
as long for each, and keep all of them in its cache.
"""

import json
import time
from itertools import islice

from ..api import bulk
from ..core.matching import row_from_node
from .shopify_match_key import BLANKS

DOCUMENTS = {
    "Product": "bulk/products",
    "ProductVariant": "bulk/variants",
    "Collection": "bulk/collections",
    "Customer": "bulk/customers",
    "Company": "bulk/companies",
    "CompanyLocation": "bulk/company_locations",
    "Order": "bulk/orders",
}
LIST = "locations/list"
ROWS_A_LOT = 2000
# How often an operation that failed, or whose file went, is started again.
MOST_TRIES = 3
# Seconds between two looks at an operation, the longer the more.
SHORTEST_PAUSE, LONGEST_PAUSE = 3, 30

COLUMNS = (
    "scan_id backend_id company_id shopify_type shopify_gid parent_gid name sku sku_key"
    " barcode email reference facts mark_value mark_proof remote_updated_at"
    " remote_active decision"
).split()
_NULLABLE = "nullif(%s, '')"
_TRIMMED = f"nullif(btrim(%s, {BLANKS}), '')"
_TEMPLATE = ", ".join(
    [
        *["%s"] * 5,
        _NULLABLE,  # parent_gid
        "%s",  # name
        _TRIMMED,  # sku
        f"nullif(lower(btrim(%s, {BLANKS})), '')",  # sku_key
        _TRIMMED,  # barcode
        f"nullif(lower(btrim(%s, {BLANKS})), '')",  # email
        _TRIMMED,  # reference
        "%s::jsonb",
        _NULLABLE,
        _NULLABLE,
        "%s",
        "%s",
        "'todo'",
    ]
)
# A row that is read again is as Shopify has it now, and is compared again.
_UPSERT = (
    f"INSERT INTO shopify_match ({', '.join(COLUMNS)}) VALUES %s"
    " ON CONFLICT (scan_id, shopify_gid) WHERE shopify_gid IS NOT NULL DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[5:-1])
)


class ScanReader:
    """Reads for one scan until `stop_at` (time.monotonic)."""

    def __init__(self, scan, client, stop_at):
        self._scan = scan
        self._client = client
        self._stop_at = stop_at
        self.env = scan.env

    def advance(self, part):
        """Do the next thing for this type. False: Shopify is still at work."""
        if part.shopify_type == "Location":
            return self._list_locations(part)
        try:
            return getattr(self, f"_{part.state}")(part)
        except (bulk.BulkFailedError, bulk.BulkExpiredError) as error:
            self._start_over(part, error)
            return True

    def pause(self, parts):
        """Seconds until a look at these operations is worth it."""
        self.env.cr.execute("SELECT now() AT TIME ZONE 'UTC'")
        age = (self.env.cr.fetchone()[0] - self._scan.started_at).total_seconds()
        return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, age / 10))

    # === SHOPIFY'S OPERATION === #

    def _asked(self, part):
        """Start it, after keeping the name that it will be found by."""
        found = None
        if part.bulk_key:
            # An earlier start has no known end. A second operation would change no
            # data, but take one of the five places.
            found = bulk.find(self._client, part.bulk_key)
        else:
            part.bulk_key = bulk.new_key()
            # pylint: disable=invalid-commit; the job allows it
            self.env.cr.commit()
        found = found or bulk.start(self._client, self._document(part), part.bulk_key)
        part.write({"state": "running", "bulk_gid": found.gid})
        return True

    def _document(self, part):
        return DOCUMENTS[part.shopify_type]

    def _running(self, part):
        state = bulk.status(self._client, part.bulk_gid)
        if state.is_open:
            return False
        state.check()
        if state.objects and not state.url:
            raise bulk.BulkExpiredError("Shopify keeps the result no more")
        part.write(
            {
                "state": "ready" if state.url else "read",
                "bulk_url": state.url,
                "object_count": state.objects,
                "read_offset": 0,
                "read_count": 0,
            }
        )
        return True

    def _start_over(self, part, error):
        """Its result can't be had: read this type anew, but not for ever."""
        denied = getattr(error, "code", "") == "ACCESS_DENIED"
        if denied or part.tries >= MOST_TRIES:
            part._fail(
                self.env._(
                    "%(type)s could not be read: %(problem)s",
                    type=part.shopify_type,
                    problem=error,
                )
            )
            return
        # What was deleted in Shopify meanwhile would stay among the rows.
        self.env.cr.execute(
            "DELETE FROM shopify_match WHERE scan_id = %s AND shopify_type = %s",
            [self._scan.id, part.shopify_type],
        )
        part.write(
            {
                "state": "asked",
                "tries": part.tries + 1,
                "bulk_key": False,
                "bulk_gid": False,
                "bulk_url": False,
                "read_offset": 0,
                "read_count": 0,
            }
        )

    # === ITS FILE === #

    def _ready(self, part):
        """Read lots from one open file, each committed with its place."""
        stream = bulk.lines(part.bulk_url, int(part.read_offset))
        try:
            while True:
                whole = self._read_lot(part, stream)
                if not whole:
                    self._check_count(part)
                    part.state = "read"
                    return True
                # pylint: disable=invalid-commit; the job allows it
                self.env.cr.commit()
                if time.monotonic() > self._stop_at or not self._scan._take():
                    return True
        finally:
            stream.close()

    def _read_lot(self, part, stream):
        """Take over the next lot; whether there may be more."""
        lot, broken = [], None
        try:
            for line in islice(stream, ROWS_A_LOT):
                lot.append(line)
        except bulk.BulkCutError as error:
            # What came before is kept: else a file that breaks off early each time
            # would never be read.
            broken = error
        if lot:
            self._insert(part.shopify_type, [line.row for line in lot])
            part.write(
                {
                    "read_offset": lot[-1].offset,
                    "read_count": part.read_count + len(lot),
                }
            )
        if broken:
            # pylint: disable=invalid-commit; the job allows it
            self.env.cr.commit()
            raise broken
        return len(lot) == ROWS_A_LOT

    def _check_count(self, part):
        """A file may end too early without any sign of it."""
        if part.read_count != part.object_count:
            raise bulk.BulkFailedError(
                f"{part.read_count} of {part.object_count} objects were in the file",
                status="COMPLETED",
                code="",
                partial_url=None,
            )

    def _list_locations(self, part):
        """There are few, and a bulk query for them would take a place of five."""
        nodes, after = [], None
        while True:
            page = self._client.execute(LIST, {"after": after}).data["locations"]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        if nodes:
            self._insert("Location", nodes)
        part.write(
            {"state": "read", "object_count": len(nodes), "read_count": len(nodes)}
        )
        return True

    def _insert(self, shopify_type, nodes):
        scan = self._scan
        head = (scan.id, scan.backend_id.id, scan.company_id.id, shopify_type)
        # One statement can't take the same row twice.
        rows = {row.gid: row for row in (row_from_node(shopify_type, n) for n in nodes)}
        self.env.cr.execute_values(
            _UPSERT,
            [
                (
                    *head,
                    row.gid,
                    row.parent_gid,
                    row.name,
                    row.sku,
                    row.sku,
                    row.barcode,
                    row.email,
                    row.reference,
                    json.dumps(row.facts),
                    row.mark_value,
                    row.mark_proof,
                    row.updated_at,
                    row.active,
                )
                for row in rows.values()
            ],
            template=f"({_TEMPLATE})",
            page_size=ROWS_A_LOT,
        )
