"""Bulk queries: started by a mutation, answered as JSON lines at a URL."""

def result_file(shop, name):
    return None
