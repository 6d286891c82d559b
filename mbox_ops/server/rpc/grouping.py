"""Scenarios and run collections."""

from mbox_ops.server.rest.grouping import CollectionQuery, ScenarioQuery
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import read, write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="read")
def list_scenarios(call: Call, request: pb.ListScenariosRequest) -> pb.ListScenariosResponse:
    """The scenarios that have live runs, by name."""
    query = read(request, ScenarioQuery)
    page = call.service.scenarios.list(call.actor, limit=query.limit, cursor=query.cursor)
    return write(page, pb.ListScenariosResponse, scenarios=page.items)


@rpc(scope="read")
def list_collections(call: Call, request: pb.ListCollectionsRequest) -> pb.ListCollectionsResponse:
    """The run collections that have live runs, by name."""
    query = read(request, CollectionQuery)
    page = call.service.collections.list(call.actor, scenario=query.scenario, limit=query.limit, cursor=query.cursor)
    return write(page, pb.ListCollectionsResponse, collections=page.items)
