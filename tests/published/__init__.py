"""Published results of five strategies, reproduced: `python -m tests.published`.

The strategies are the very folds that trade here. The engine in this folder applies to them the conventions of the
program whose results were published, its mistakes included, and nothing else uses it.
"""
