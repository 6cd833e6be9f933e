"""How ``assets/hand.npz`` is made from MakeHuman's data: ``python -m datasets.synthetic.recipe``."""
