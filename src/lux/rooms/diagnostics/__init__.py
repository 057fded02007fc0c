"""Diagnostics: what went wrong and how often, what works in the background, and whether the house is well.

Errors of pages, jobs and the command line are captured, redacted and grouped; jobs can be looked at, cancelled and
started again; health is a page for people and two addresses for machines (`/healthz`, `/readyz`). A company sees
its own, in plain words; operators of the installation see all, with traces.
"""
