"""The catalogue's tree: ten departments, three groups each, 110 kinds of goods.

A department has the median price of its goods in US dollars and the spread (sigma of the
logarithm).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Department:
    """A top category.

    Args:
        name: its name.
        median_price: median price in dollars.
        spread: standard deviation of the price's natural logarithm.
        groups: names of its groups and, for each, of its kinds of goods.
    """

    name: str
    median_price: float
    spread: float
    groups: dict[str, tuple[str, ...]]


def _department(name: str, median: float, spread: float, **groups: str) -> Department:
    named = {group.replace("_", " "): tuple(kinds.split(", ")) for group, kinds in groups.items()}
    return Department(name, median, spread, named)


DEPARTMENTS = (
    _department(
        "Electronics", 85, 0.8,
        Audio="Headphones, Speaker, Soundbar, Turntable",
        Computing="Keyboard, Monitor, Webcam, Docking Station",
        Phones_and_Wearables="Phone Case, Charger, Smart Watch, Fitness Band",
    ),
    _department(
        "Home and Kitchen", 38, 0.7,
        Cookware="Frying Pan, Saucepan, Casserole, Knife Set",
        Tableware="Plate Set, Mug, Wine Glass, Cutlery Set",
        Small_Appliances="Kettle, Toaster, Blender, Coffee Grinder",
    ),
    _department(
        "Furniture", 160, 0.6,
        Living_Room="Armchair, Coffee Table, Bookcase, Sofa Bed",
        Bedroom="Bed Frame, Bedside Table, Wardrobe, Mattress",
        Office_Furniture="Desk, Office Chair, Filing Cabinet",
    ),
    _department(
        "Clothing", 34, 0.6,
        Womenswear="Dress, Blouse, Skirt, Cardigan",
        Menswear="Shirt, Trousers, Sweater, Jacket",
        Shoes="Sneakers, Boots, Sandals, Loafers",
    ),
    _department(
        "Beauty and Health", 19, 0.6,
        Skin_Care="Face Cream, Cleanser, Serum, Sun Lotion",
        Hair_Care="Shampoo, Conditioner, Hair Dryer, Hair Brush",
        Wellness="Massage Roller, Bath Salt, Scented Candle",
    ),
    _department(
        "Sports and Outdoors", 48, 0.7,
        Fitness="Yoga Mat, Dumbbell Set, Kettlebell, Resistance Band",
        Camping="Tent, Sleeping Bag, Camping Stove, Headlamp",
        Cycling="Bike Helmet, Bike Light, Cycling Gloves",
    ),
    _department(
        "Toys and Games", 24, 0.6,
        Games="Board Game, Card Game, Puzzle, Dice Set",
        Building_Toys="Building Blocks, Model Train, Marble Run, Construction Kit",
        Soft_Toys="Teddy Bear, Plush Rabbit, Hand Puppet",
    ),
    _department(
        "Garden and Tools", 42, 0.7,
        Garden="Watering Can, Planter, Garden Hose, Pruning Shears",
        Hand_Tools="Hammer, Screwdriver Set, Spirit Level",
        Power_Tools="Cordless Drill, Sander, Jigsaw",
    ),
    _department(
        "Books and Stationery", 15, 0.5,
        Stationery="Notebook, Fountain Pen, Desk Organizer",
        Art_Supplies="Sketchbook, Paint Set, Brush Set, Easel",
        Books="Cookbook, Travel Guide, Novel, Atlas",
    ),
    _department(
        "Pets", 22, 0.6,
        Dogs="Dog Bed, Dog Leash, Chew Toy",
        Cats="Cat Tree, Litter Box, Scratching Post",
        Aquarium="Fish Tank, Water Filter, Aquarium Light",
    ),
)  # fmt: skip
