"""The model that all clients train: a small convolutional network for handwritten digits.

Client and server share this file. What travels between them is what `get_weights` returns. `train` runs where
the data is, on the clients; `evaluate` where the test images are, on the server.
"""

import torch
import torch.nn.functional as F
from torch import nn


class CNN(nn.Module):
    """Two convolutions, two linear layers, 46,730 weights.

    Takes images (batch, 1, 28, 28), returns scores (batch, 10): the largest is the model's answer.
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=5, stride=2)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=5)
        self.fc1 = nn.Linear(32 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, images):
        """Return ten scores for every image."""
        x = F.relu(self.conv1(images))  # (batch, 1, 28, 28) -> (batch, 16, 12, 12)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # -> (batch, 32, 4, 4)
        x = F.relu(self.fc1(x.flatten(start_dim=1)))  # -> (batch, 64)
        return self.fc2(x)  # -> (batch, 10)


def make_model():
    """Return the network that clients train and the server tests: the one place to put another one."""
    return CNN()


def get_weights(model):
    """Return copies of the model's weights, a list of NumPy arrays in the order of its state_dict."""
    return [tensor.numpy(force=True).copy() for tensor in model.state_dict().values()]


def set_weights(model, weights):
    """Overwrite the model's weights with `weights`, a list as `get_weights` returns it.

    Raises ValueError if the number of arrays differs, RuntimeError if a shape does.
    """
    pairs = zip(model.state_dict(), weights, strict=True)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in pairs})


def to_tensors(images, labels):
    """Turn uint8 images (n, 28, 28), int64 labels (n,) into tensors: floats -1..1 (n, 1, 28, 28), labels."""
    pixels = torch.from_numpy(images).unsqueeze(1).float() / 127.5 - 1.0
    return pixels, torch.from_numpy(labels)


def train(model, images, labels, epochs, rng, learning_rate, batch_size):
    """Train `model` in place with a new SGD on tensors from `to_tensors`; return the last epoch's mean loss.

    `rng`, a numpy.random.Generator, shuffles the images: with the same one, the weights are the same.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9)
    model.train()
    # A last batch of one joins the batch before it, because batch normalisation needs two images.
    cuts = list(range(batch_size, len(labels) - 1, batch_size))
    for _ in range(epochs):
        total_loss = 0.0
        order = torch.from_numpy(rng.permutation(len(labels)))
        for batch in order.tensor_split(cuts):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total_loss += loss.item() * len(batch)
    return total_loss / len(labels)


@torch.inference_mode()
def evaluate(model, images, labels, batch_size=None):
    """Return (mean cross-entropy loss, accuracy as a fraction) of `model` on tensors from `to_tensors`."""
    model.eval()
    # What fits into memory: 1,000 of our digits at a time, or five photos of 224 x 224 pixels.
    batch_size = batch_size or max(1, min(1000, 784_000 // images[0].numel()))
    total_loss, correct = 0.0, 0
    for batch in torch.arange(len(labels)).split(batch_size):
        scores = model(images[batch])  # (batch, 10)
        total_loss += F.cross_entropy(scores, labels[batch], reduction="sum").item()
        correct += (scores.argmax(dim=1) == labels[batch]).sum().item()
    return total_loss / len(labels), correct / len(labels)
