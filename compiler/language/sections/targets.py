"""Where an experiment can run. Durations are texts such as 24h; `units.seconds` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Local:
    """This machine."""

    kind: Literal["local"]
    accelerator: str
    slots: int
    threads_per_rank: int
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of a cluster, with so many ranks."""

    address: str
    slots: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """Machines reached by ssh."""

    kind: Literal["cluster"]
    hosts: list[Host]
    accelerator: str
    launcher: str
    include: str | None
    exclude: str | None
    master_port: int
    network_interface: str | None
    shared_filesystem: bool
    python: str
    ssh_user: str | None
    ssh_port: int
    threads_per_rank: int
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class Slurm:
    """A cluster with the Slurm scheduler."""

    kind: Literal["slurm"]
    nodes: int
    slots: int
    accelerator: str
    time: str
    partition: str | None
    account: str | None
    qos: str | None
    constraint: str | None
    gres: str | None
    cpus_per_task: int | None
    memory_gb: int | None
    requeue: bool
    grace: str
    array_limit: int | None
    modules: list[str]
    python: str
    network_interface: str | None
    threads_per_rank: int
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fsx:
    """A file system of FSx for Lustre."""

    file_system_id: str
    directory_path: str


@dataclass(frozen=True, slots=True)
class SageMaker:
    """A SageMaker training job; the machines' accelerators are in the catalogue."""

    kind: Literal["sagemaker"]
    region: str
    role: str
    instance_type: str
    instance_count: int
    fallback: list[str]
    output: str
    checkpoints: str | None
    image: str | None
    max_run: str
    spot: bool
    max_wait: str | None
    keep_alive: str | None
    retries: int
    volume_size_gb: int | None
    input_mode: str
    fsx: Fsx | None
    subnets: list[str]
    security_groups: list[str]
    volume_kms_key: str | None
    output_kms_key: str | None
    network_isolation: bool
    encrypt_traffic: bool
    tags: dict[str, str]
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class Volume:
    """A claim and where pods see it."""

    claim: str
    mount: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """A job on Kubernetes."""

    kind: Literal["kubernetes"]
    api: str
    namespace: str
    nodes: int
    slots: int
    accelerator: str
    image: str | None
    resource: str
    cpu: int | None
    memory_gb: int | None
    shm_gb: int
    efa: int
    volumes: list[Volume]
    service_account: str | None
    queue: str | None
    node_selector: dict[str, str]
    tolerations: list[str]
    max_run: str | None
    retries: int
    threads_per_rank: int
    environment: dict[str, str]


Target = Local | Cluster | Slurm | SageMaker | Kubernetes
