"""Print a small table, to show that the libraries work."""

import numpy
from tabulate import tabulate

values = numpy.arange(10)
print(tabulate([["mean", values.mean()], ["sum", values.sum()]]))
