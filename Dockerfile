# Builds the program and packs it into an image that holds little else.
#   docker build -t keyuan .
#   docker run -d --name keyuan -p 8080:8080 -v keyuan:/data keyuan

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p app && cp target/release/keyuan /keyuan && strip /keyuan

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin keyuan \
    && install -d -o keyuan -g keyuan -m 0700 /data
COPY --from=build /keyuan /usr/local/bin/keyuan
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/keyuan/
USER keyuan
ENV KEYUAN_DATA=/data KEYUAN_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
# Reads /healthz without a client of its own: the database answers, or the container is unhealthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^ok' <&3"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["keyuan"]
CMD ["serve"]
