"""Draws the app's icon: two linked rings, one for each side. Needs Pillow."""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

TARGET = Path(__file__).resolve().parent.parent / (
    "shopify_connector/static/description/icon.png"
)
SIZE, SCALE = 128, 8
BACKGROUND, LEFT, RIGHT = "#f4f1ea", "#5a8f3c", "#714b67"


def ring(draw, centre, colour, start=0, end=360):
    radius, width = 26 * SCALE, 11 * SCALE
    x, y = centre[0] * SCALE, centre[1] * SCALE
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.arc(box, start, end, fill=colour, width=width)


def icon() -> Image.Image:
    image = Image.new("RGBA", (SIZE * SCALE, SIZE * SCALE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    edge = SIZE * SCALE - 1
    draw.rounded_rectangle((0, 0, edge, edge), radius=22 * SCALE, fill=BACKGROUND)
    ring(draw, (48, 64), LEFT)
    ring(draw, (80, 64), RIGHT)
    # The left ring passes over the right one once: they hold each other.
    ring(draw, (48, 64), LEFT, 300, 360)
    return image.resize((SIZE, SIZE), Image.LANCZOS)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    icon().save(target, optimize=True)
