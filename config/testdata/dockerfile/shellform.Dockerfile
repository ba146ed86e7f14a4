FROM debian
ENTRYPOINT exec server --port 80
CMD ["ignored"]
USER root
WORKDIR /
