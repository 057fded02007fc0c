"""CSV files on their way into the contacts: how bytes become records, records become rows, rows become people."""
