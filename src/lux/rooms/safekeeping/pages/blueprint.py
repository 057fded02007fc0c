"""The room's blueprint: pages for who runs the installation."""

from flask import Blueprint

safekeeping = Blueprint("safekeeping", __name__, template_folder="../templates", url_prefix="/operate")
