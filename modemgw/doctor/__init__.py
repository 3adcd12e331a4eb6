"""`modemgw doctor`: what is wrong with this machine, and what to type.

finding.py    what a check says; every kind of finding stands in its check's file
machine.py    the machine as checks see it: files below a root, programs, the clock
box.py        the machine with its configuration and its daemon
checks.py     all checks; each yields findings or raises Skipped
run.py        runs them beside one another, each with a deadline
fixing.py     runs what may be fixed
showing.py    for people and for programs
"""
