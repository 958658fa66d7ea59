"""Writers of real products' log formats: one module a product, each line as the product would print it.

Functions take epoch seconds and plain facts and return one line without its newline. Devices stand in China: local times
are UTC+8 without daylight saving. Formats follow the vendors' public documentation, named in each module.
"""
