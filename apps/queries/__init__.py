"""Owns executions of queries, their encrypted results, saved and approved queries, and the console.
Offers `services.start_execution` and the API. Stands on the gate of compliance and on runs.
"""
