"""Gradient inversion: look for images that would have caused an update.

After J. Geiping et al.: Inverting Gradients (NeurIPS 2020): the cosine distance between the update and the
gradient that the candidate causes, plus the candidate's total variation, minimized by Adam on the signs of
the derivatives. Neither loss nor choice of a restart knows anything of the true images.
"""

import torch
import torch.nn.functional as F
from torch.func import functional_call

from model import make_model, set_weights

STEP = 0.1  # of Adam, on pixels from -1 to 1
# Parts of the way after which the step shrinks to a tenth, as in the paper.
FALLS = (3 / 8, 5 / 8, 7 / 8)


def invert(weights, update, labels, steps=500, restarts=3, smoothness=0.01, seed=0):
    """Return (images, loss): the candidates of the restart whose own loss is least.

    `weights` are those that the client was sent, `update` what they changed by, lists of arrays; `labels`,
    int64 (n,), one for each image that is looked for. Images are floats -1..1, (n, 28, 28). `smoothness` is
    the weight of the total variation.
    """
    objective = Objective(weights, update, torch.as_tensor(labels), smoothness)
    generator = torch.Generator().manual_seed(seed)
    found = [_descend(objective, steps, generator) for _ in range(restarts)]
    images, loss = min(found, key=lambda result: result[1])
    return images[:, 0].numpy(), loss


class Objective:
    """How badly candidates explain an update: cosine distance plus total variation."""

    def __init__(self, weights, update, labels, smoothness):
        self.model = make_model()
        set_weights(self.model, weights)
        self.parameters = dict(self.model.named_parameters())
        # SGD walks against the gradient.
        self.target = torch.cat([-torch.from_numpy(change).flatten() for change in update])
        self.labels = labels
        self.smoothness = smoothness

    def __call__(self, images):
        """Return the loss of candidates (n, 1, 28, 28), a tensor without dimensions."""
        scores = functional_call(self.model, self.parameters, (images,))
        loss = F.cross_entropy(scores, self.labels)
        gradient = torch.autograd.grad(loss, self.parameters.values(), create_graph=True)
        gradient = torch.cat([part.flatten() for part in gradient])
        distance = 1 - F.cosine_similarity(gradient, self.target, dim=0, eps=1e-20)
        return distance + self.smoothness * total_variation(images)


def total_variation(images):
    """Return the mean absolute difference between neighbouring pixels, across plus down."""
    across = (images[..., 1:] - images[..., :-1]).abs().mean()
    return across + (images[..., 1:, :] - images[..., :-1, :]).abs().mean()


def _descend(objective, steps, generator):
    """Return (images, loss) of one restart from random pixels."""
    shape = (len(objective.labels), 1, 28, 28)
    images = (0.3 * torch.randn(shape, generator=generator)).requires_grad_()
    optimizer = torch.optim.Adam([images], lr=STEP)
    milestones = [int(part * steps) for part in FALLS]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, gamma=0.1)
    for _ in range(steps):
        (slope,) = torch.autograd.grad(objective(images), images)
        images.grad = slope.sign()
        optimizer.step()
        schedule.step()
        images.data.clamp_(-1, 1)
    return images.detach(), objective(images).item()
