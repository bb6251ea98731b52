"""Owns the files of a result that leave the portal: CSV, XLSX, Parquet and Arrow, each with its mark.
Offers `services.export` and the addresses of downloads. Stands on sealed results: no store is asked.
"""
