"""Reads the files of the Olist sample and makes rows of the payments platform of them.

The files name no time zone: times are taken as UTC, so that a day here is a day there. Nothing is invented that would
count: no refunds, disputes or payouts, no fees. What the sample leaves out of a person (name, e-mail, telephone, card)
is derived from the row's own id, the same every time.
"""
