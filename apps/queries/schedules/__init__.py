"""Saved queries that run by themselves, each as the person who wants the answer, under what they may see then.
The answer is delivered inside the portal. Stands on saved queries and executions.
"""
