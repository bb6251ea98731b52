"""MongoDB through pymongo. Documents become Arrow columns by what the documents of a batch hold."""
