"""Collections of products, as a merchant keeps them by hand."""

from __future__ import annotations

from .catalog import free_handle
from .errors import NotEmulated
from .registry import field, merchant, query
from .search import by_text, filter_, search


@merchant("create_collection")
def create_collection(shop, title: str, products=(), handle: str | None = None):
    """products: GIDs that belong to it."""
    collection = shop.add(
        "Collection",
        title=title,
        handle=free_handle(shop, handle or title, "Collection"),
        descriptionHtml="",
        sortOrder="BEST_SELLING",
        templateSuffix=None,
        products=list(products),
    )
    for gid in products:
        shop.require(gid, "Product")["collections"].append(collection["id"])
    shop.emit("COLLECTIONS_CREATE", collection)
    return collection


@merchant("edit_collection")
def edit_collection(shop, gid: str, **fields):
    collection = shop.require(gid, "Collection")
    collection.update(fields)
    shop.touch(collection)
    shop.emit("COLLECTIONS_UPDATE", collection)
    return collection


@merchant("delete_collection")
def delete_collection(shop, gid: str):
    collection = shop.require(gid, "Collection")
    for product in filter(None, map(shop.get, collection["products"])):
        product["collections"].remove(gid)
    shop.delete(collection)
    shop.emit("COLLECTIONS_DELETE", collection)


@query("collection")
def one(ctx, args):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == "Collection" else None


@query("collections")
def several(ctx, args):
    """From the index that lags, by ID unless told."""
    if args.get("savedSearchId"):
        raise NotEmulated("collections(savedSearchId:)")
    return search(ctx, "Collection", args)


@field("Collection", "productsCount")
def products_count(_ctx, collection, _args):
    return {"count": len(collection["products"]), "precision": "EXACT"}


filter_("Collection", "title")(by_text("title"))
