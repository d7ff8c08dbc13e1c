# The class in a container: for Codespaces, for Binder, for a JupyterHub, and to grade without a network. TEACHING.md says how.
FROM python:3.12-slim-bookworm

# Binder sets these two, and JupyterHub's chart mounts a student's storage at this user's home.
ARG NB_USER=jovyan
ARG NB_UID=1000
ENV USER=${NB_USER} NB_UID=${NB_UID} HOME=/home/${NB_USER}

# nbgitpuller brings the labs to a hub's students with git.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /bin/bash --uid ${NB_UID} ${NB_USER}

COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --only-binary :all: --require-hashes --requirement /tmp/requirements.lock

# What is copied says .dockerignore. On a hub the student's storage hides it.
WORKDIR ${HOME}
COPY --chown=${NB_UID}:${NB_UID} . .

USER ${NB_UID}
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser"]
