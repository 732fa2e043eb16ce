"""Another network for the lesson: what its page says of "Your own model" is measured with it."""

from torch import nn


class MLP(nn.Module):
    """A multilayer perceptron: images (batch, 1, 28, 28) -> scores (batch, 10)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(28 * 28, 256), nn.ReLU(), nn.Linear(256, 10)
        )

    def forward(self, images):
        """Return ten scores for every image."""
        return self.layers(images)
