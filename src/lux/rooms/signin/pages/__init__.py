"""The pages of the front door and of one's own account."""

from lux.rooms.signin.pages import account, door
from lux.rooms.signin.pages.blueprint import signin

blueprints = (signin,)

__all__ = ["account", "blueprints", "door"]
