"""Shared by all training stages: schedule, log, checkpoint."""

import math
import time
from pathlib import Path

import torch
import torch.distributed as dist

RUN = Path(__file__).parent / "run"
# Prefixes of the vision weights; all others are language weights.
SIGHT = ("model.vision_tower.", "model.multi_modal_projector.")


def process_number() -> int:
    """Rank of this process in data-parallel training; 0 for a single process."""
    return dist.get_rank() if dist.is_initialized() else 0


class Stage:
    """A training loop with a time limit in minutes, with warm-up and a cosine schedule over that time.

    Iterate over it for step numbers; call `update` with the loss of each step. In
    data-parallel training each process has its own samples and applies the mean gradients."""

    def __init__(self, name: str, parameters, minutes: float, rate: float, warmup: int = 100, floor: float = 0.03):
        self.name, self.seconds, self.rate, self.warmup, self.floor = name, minutes * 60, rate, warmup, floor
        self.parameters = list(parameters)
        if dist.is_initialized():
            for parameter in self.parameters:
                dist.broadcast(parameter.data, 0)
        # Muon for the matrices of the layers (needs far fewer steps), AdamW for embeddings, norms and biases.
        matrices = [p for p in self.parameters if p.ndim == 2 and max(p.shape) < 2000 and min(p.shape) > 49]
        chosen = {id(p) for p in matrices}
        # A higher learning rate for embeddings: a row is updated only when its token occurs.
        tables = [p for p in self.parameters if p.ndim == 2 and max(p.shape) >= 2000]
        chosen |= {id(p) for p in tables}
        rest = [p for p in self.parameters if id(p) not in chosen]
        groups = [dict(params=tables, pace=2.0), dict(params=rest, pace=1.0)]
        self.optimizers = [
            torch.optim.Muon(
                [dict(params=matrices, pace=1.0)],
                lr=rate, momentum=0.95, weight_decay=0.03, ns_steps=4, adjust_lr_fn="match_rms_adamw",
            ),
            torch.optim.AdamW(
                [g for g in groups if g["params"]], lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
            ),
        ]
        self.smooth: dict[str, float] = {}
        self.progress = 0.0
        RUN.mkdir(exist_ok=True)
        self.log = open(RUN / "log.txt", "a")

    def say(self, text: str) -> None:
        if process_number():
            return
        line = f"{self.name} {text}"
        print(line, flush=True)
        self.log.write(line + "\n")
        self.log.flush()

    def __iter__(self):
        self.start, self.step, self.seen = time.time(), 0, 0
        while self.progress < 1:
            wave = 0.5 * (1 + math.cos(math.pi * self.progress))
            rate = self.rate * min(1, (self.step + 1) / self.warmup) * (wave * (1 - self.floor) + self.floor)
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate * group["pace"]
            yield self.step
            self.step += 1

    def update(self, loss: torch.Tensor, samples: int, **measures: float) -> None:
        loss.backward()
        self.progress = min(1.0, self.agree((time.time() - self.start) / self.seconds))
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.seen += samples
        for key, value in {"loss": loss.item(), **measures}.items():
            self.smooth[key] = value if key not in self.smooth else 0.97 * self.smooth[key] + 0.03 * value
        if self.step % 100 == 0:
            elapsed = time.time() - self.start
            values = " ".join(f"{key} {value:.3f}" for key, value in self.smooth.items())
            self.say(f"{elapsed:.0f}s step {self.step} {self.seen / elapsed:.0f}/s {values}")

    def agree(self, elapsed: float) -> float:
        """Averages the gradients and the elapsed time over all processes, so that all stop at the same step."""
        if not dist.is_initialized():
            return elapsed
        for p in self.parameters:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        flat = torch.cat([*(p.grad.reshape(-1) for p in self.parameters), torch.tensor([elapsed])])
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        for p, mean in zip(self.parameters, flat[:-1].split([p.numel() for p in self.parameters])):
            p.grad.copy_(mean.view_as(p))
        return flat[-1].item()


def save(model, name: str) -> None:
    """Writes a checkpoint atomically. Only rank 0 writes."""
    if process_number() == 0:
        partial = RUN / f"{name}.partial"
        torch.save(model.state_dict(), partial)
        partial.rename(RUN / f"{name}.pt")
    if dist.is_initialized():
        dist.barrier()


def load_sight(model) -> None:
    """The latest weights of stage 1."""
    state = torch.load(RUN / "vision.pt")
    model.load_state_dict({key: value for key, value in state.items() if key.startswith(SIGHT)}, strict=False)
