"""Git-native machine-learning experiments: what is fixed stays fixed, and a number is earned."""
__version__ = '0.1.0'
