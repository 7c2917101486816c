"""Hosts the same endpoint as ``karin up``: ``gunicorn -c gunicorn.conf.py``."""

from karin.wsgi.gunicorn_config import *  # noqa: F403 - one source of truth
