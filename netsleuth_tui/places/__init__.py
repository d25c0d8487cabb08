"""Where addresses are: the user's own sites, special-use networks, place databases, and the data that come with the program."""

from netsleuth_tui.places.hosts import HostPlaces, host_places
from netsleuth_tui.places.opening import PlaceFiles, open_places
from netsleuth_tui.places.places import UNKNOWN, Located, Origin, Places, Tables

__all__ = ["UNKNOWN", "HostPlaces", "Located", "Origin", "PlaceFiles", "Places", "Tables", "host_places", "open_places"]
