"""A ceiling: Falcon on granian, answering with the request's own bytes."""

import falcon


class Echo:
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = "application/json"
        resp.data = req.bounded_stream.read()


app = falcon.App()
app.add_route("/rpc", Echo())
