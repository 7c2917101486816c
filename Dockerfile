# karin in a container: docs/deploy-container.md tells how to run it, `make container-proof` carries these steps out.
# 3.11 is what all tests run on; the proof takes 3.13 and 3.14 as well.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/karin
COPY requirements.lock .
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/karin/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE .
COPY karin karin
# What only builds and installs is taken out again: nothing in the image can install anything.
RUN /opt/karin/bin/pip wheel --no-deps --no-build-isolation --no-cache-dir --wheel-dir /dist . \
 && /opt/karin/bin/pip install --no-deps --no-index --no-cache-dir --find-links /dist karin \
 && /opt/karin/bin/pip uninstall --quiet --yes \
    editables hatchling pathspec pluggy tomlkit trove-classifiers setuptools pip

FROM python:${PYTHON}-slim
COPY --from=build /opt/karin /opt/karin
# The links: whoever comes in by SSH, as on fly.io, may have a PATH of their own.
RUN mkdir -m 700 /var/lib/karin && chown 10001:10001 /var/lib/karin \
 && ln -s /opt/karin/bin/karin /opt/karin/bin/karin-tui /usr/local/bin/
ENV PATH=/opt/karin/bin:/usr/local/bin:/usr/bin:/bin HOME=/var/lib/karin KARIN_HOME=/var/lib/karin KARIN_BIND=0.0.0.0:4000
USER 10001:10001
VOLUME /var/lib/karin
EXPOSE 4000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['KARIN_BIND'].rpartition(':')[2]), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["karin"]
CMD ["up"]
