"""The use cases: submit, dispatch, receive, report, push. Front ends call only this."""
