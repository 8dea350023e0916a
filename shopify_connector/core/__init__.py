"""Decides. Pure functions on plain data: no Odoo, no network, no clock, no log."""
