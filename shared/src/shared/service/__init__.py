"""A service put together, and what runs it: an API process, a worker process, or both in one."""

from shared.service.looping import LoopWatch, run_loops
from shared.service.parts import Service, Site, current_service
from shared.service.processes import api_server, bound_socket, run_api, run_worker

__all__ = [
    "LoopWatch",
    "Service",
    "Site",
    "api_server",
    "bound_socket",
    "current_service",
    "run_api",
    "run_loops",
    "run_worker",
]
