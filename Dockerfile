# nasea with PyTorch on the CPU:  docker build -t nasea .
#   docker run --rm -it --shm-size 1g --user "$(id -u):$(id -g)" -v "$PWD:/work" nasea search -c scen.yaml
# (--user: results belong to you. Data outside this directory needs a -v "/data:/data:ro" of its own.)
# With TensorFlow:  docker build --build-arg EXTRAS=tensorflow,demo -t nasea-tf .
# For a GPU give another BASE that has CUDA, Python 3.11 or later and the framework, and run with --gpus all.
ARG BASE=python:3.11-slim
FROM ${BASE}
ARG EXTRAS=torch,demo
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

WORKDIR /opt/nasea
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN case "${EXTRAS}" in *torch*) pip install --no-cache-dir --index-url "${TORCH_INDEX}" torch ;; esac \
    && pip install --no-cache-dir ".[${EXTRAS}]"

RUN useradd --create-home nasea
# Any user that --user names can write here: caches of libraries.
ENV HOME=/tmp
USER nasea
WORKDIR /work
ENTRYPOINT ["nasea"]
CMD ["--help"]
