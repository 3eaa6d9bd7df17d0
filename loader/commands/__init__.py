"""The commands of `python -m loader`, one module each, over modules that can be imported."""
