"""Watches a job with the C-core gRPC library and prints each event as one line of canonical ProtoJSON.

usage: watch.py CODE_FOLDER ADDRESS JOB_ID AFTER_EVENT_ID
"""

import json
import sys

code_folder, address, job_id, after = sys.argv[1:5]
sys.path.insert(0, code_folder)

import google  # noqa: E402  the generated google.api and google.rpc stand beside the installed google.protobuf

google.__path__.append(code_folder + "/google")

import grpc  # noqa: E402
from google.protobuf import json_format  # noqa: E402

from gepa.v1 import optimization_service_pb2 as messages  # noqa: E402
from gepa.v1 import optimization_service_pb2_grpc as services  # noqa: E402

with grpc.insecure_channel(address) as channel:
    stub = services.OptimizationServiceStub(channel)
    request = messages.WatchJobRequest(job_id=job_id)
    if int(after) > 0:
        request.after_event_id = int(after)
    for response in stub.WatchJob(request, timeout=120):
        if response.HasField("event"):
            print(json.dumps(json_format.MessageToDict(response.event)), flush=True)
