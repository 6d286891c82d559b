"""Readings of NVIDIA's GPUs, where there are any and the package `nvidia-ml-py` is there (`mbox-ops[gpu]`)."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any


class Gpus:
    """Reads the GPUs that the driver shows to this process; none where there is no driver."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._devices: list[Any] = []
        with suppress(ImportError):
            import pynvml

            with suppress(pynvml.NVMLError):
                pynvml.nvmlInit()
                self._nvml = pynvml
                self._devices = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]

    def read(self) -> dict[str, float]:
        """The metrics of this moment; what a device does not tell is left out."""
        found: dict[str, float] = {}
        for number, device in enumerate(self._devices):
            for ask in (self._use, self._memory, self._power, self._temperature):
                with suppress(self._nvml.NVMLError):
                    found |= {f"gpu/{number}/{name}": value for name, value in ask(device)}
        return found

    def close(self) -> None:
        """Let go of the driver."""
        if self._nvml is not None:
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()

    def _use(self, device: Any) -> Iterator[tuple[str, float]]:
        yield "utilization_percent", self._nvml.nvmlDeviceGetUtilizationRates(device).gpu

    def _memory(self, device: Any) -> Iterator[tuple[str, float]]:
        memory = self._nvml.nvmlDeviceGetMemoryInfo(device)
        yield "memory_bytes", memory.used
        yield "memory_percent", 100 * memory.used / memory.total

    def _power(self, device: Any) -> Iterator[tuple[str, float]]:
        yield "power_watts", self._nvml.nvmlDeviceGetPowerUsage(device) / 1000  # milliwatts

    def _temperature(self, device: Any) -> Iterator[tuple[str, float]]:
        yield "temperature_celsius", self._nvml.nvmlDeviceGetTemperature(device, self._nvml.NVML_TEMPERATURE_GPU)
