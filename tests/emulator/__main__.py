"""`python -m tests.emulator --port 8089 [--shop demo] [--csv file] [--load file]`."""

import argparse
from pathlib import Path

from . import Emulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.emulator")
    parser.add_argument("--port", type=int, default=8089)
    parser.add_argument("--shop", help="make a shop of this name")
    parser.add_argument("--token", help="static access token of that shop")
    parser.add_argument("--currency", default="EUR")
    parser.add_argument("--csv", help="product CSV to load into that shop")
    parser.add_argument("--load", help="JSON list of control calls to run at start")
    options = parser.parse_args()

    emulator = Emulator(port=options.port).start()
    if options.shop:
        shop = emulator.add_shop(
            options.shop, token=options.token, currency=options.currency
        )
        print(f"shop {shop.domain}: client_id={shop.app.client_id}", flush=True)
        print(f"  client_secret={shop.app.client_secret}", flush=True)
        if options.csv:
            print(f"  {len(shop.load_csv(options.csv))} products", flush=True)
    if options.load:
        emulator.load(Path(options.load).read_text())
    print(f"listening on {emulator.url_template}", flush=True)
    try:
        emulator.serve_forever()
    except KeyboardInterrupt:
        emulator.stop()


if __name__ == "__main__":
    main()
