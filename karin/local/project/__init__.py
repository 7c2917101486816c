"""Reading a project's own deployment files, serverless.yml or a SAM template, as a local definition.

Only ``karin dev`` reads them, and only this package imports a YAML parser. It knows nothing of processes or HTTP.
"""
