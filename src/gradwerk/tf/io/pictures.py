"""tf.io: pictures and sound as Tensors, and back.  Pictures by Pillow, sound by Python's own `wave`."""

from __future__ import annotations

import io
import wave
from typing import Any, NamedTuple

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError, DTypeError, FileError, ShapeError
from gradwerk.data.pillow import opened
from gradwerk.io.png import encoded
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.values.hosted import Array, array_of, name_of_dtype, one_text
from gradwerk.tf.values.texts import tensor_of

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures

MODES = {1: "grayscale", 3: "rgb", 4: "rgba"}
_HEADS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"BM": "BMP"}


def _kind(data: bytes) -> str:
    """The kind of a picture by its first bytes.  Raises: DataError."""
    found = next((kind for head, kind in _HEADS.items() if data.startswith(head)), "")
    if not found:
        raise DataError("Unknown image file format. One of JPEG, PNG, GIF, BMP required.", facts=(f"it begins with {data[:8]!r}",))
    return found


def _picture(contents: Any, channels: int, kinds: tuple[str, ...]) -> Array:
    """(height, width, channels) of bytes.  Raises: DataError for what is no picture of these kinds, ArgumentError for other channels."""
    if channels not in (0, 1, 3, 4) or (channels == 4 and kinds == ("JPEG",)):
        raise ArgumentError(f"channels must be 0, 1, 3 or 4, not {channels}")
    data = one_text(contents, "contents")
    if _kind(data) not in kinds:
        raise DataError(f"the picture is a {_kind(data)}, not a {' or '.join(kinds)}", likely="tf.io.decode_image")
    from PIL import Image  # noqa: PLC0415  loaded where pictures are

    try:
        wanted = channels or _channels(Image.open(io.BytesIO(data)).mode)
        mode = MODES.get(wanted)
        image = opened(io.BytesIO(data), mode or "rgba")
    except (FileError, OSError) as error:
        raise DataError("the picture cannot be read", facts=(str(error).splitlines()[0],)) from None
    held = np.asarray(image.convert("LA") if mode is None else image)
    return (held if held.dtype == np.uint8 else (held >> 8).astype(np.uint8)).reshape(*held.shape[:2], wanted)


def _channels(mode: str) -> int:
    """The channels of a picture of Pillow's kind."""
    if mode in ("1", "L", "I", "I;16", "F"):
        return 1
    return {"LA": 2, "RGBA": 4, "PA": 4}.get(mode, 3)


def _as(pixels: Array, dtype: Any, *, deep: bool = False) -> Any:
    """A picture in a dtype; floats from 0 to 1, of what TensorFlow reads as 16 bits rounded as it does."""
    name = name_of_dtype(dtype)
    if name == "uint16":
        return tensor_of(pixels.astype(np.uint16) * 257)
    if name == "float32":
        levels, unit = (pixels.astype(np.float32) * 257, 1 / 65535) if deep else (pixels.astype(np.float32), 1 / 255)
        return tensor_of(levels * np.float32(unit))
    if name != "uint8":
        raise DTypeError(f"a picture is uint8, uint16 or float32, not {name}")
    return tensor_of(pixels)


@host_op("DecodeJpeg")
def decode_jpeg(
    contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True, try_recover_truncated: bool = False,
    acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None,
) -> Any:  # fmt: skip
    """A picture of the kind JPEG (or another: it is seen which).

    Shape: (height, width, channels): as many as the file has, or 1 or 3.  Dtype: uint8.
    `ratio`: made smaller by 1, 2, 4 or 8.  Values may differ from TensorFlow's by a few levels: both round in their own ways.
    Raises: DataError for what is no picture.
    """
    if ratio not in (1, 2, 4, 8):
        raise ArgumentError(f"ratio must be 1, 2, 4, or 8, not {ratio}")
    pixels = _picture(contents, channels, ("JPEG", "PNG", "BMP"))
    if ratio > 1:
        from PIL import Image  # noqa: PLC0415  loaded where pictures are

        size = (-(-pixels.shape[1] // ratio), -(-pixels.shape[0] // ratio))
        bands = [np.asarray(Image.fromarray(pixels[..., k]).resize(size, Image.Resampling.BOX)) for k in range(pixels.shape[2])]
        pixels = np.stack(bands, -1)
    return tensor_of(pixels)


@host_op("DecodePng")
def decode_png(contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None) -> Any:
    """A picture of the kind PNG (or another: it is seen which).

    Shape: (height, width, channels): as many as the file has, or 1, 3 or 4.  Dtype: uint8 or uint16.  Raises: DataError.
    """
    return _as(_picture(contents, channels, ("PNG", "JPEG", "BMP")), dtype)


@host_op("DecodeBmp")
def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Any:
    """A picture of the kind BMP.  Shape: (height, width, channels).  Dtype: uint8.  Raises: DataError."""
    return tensor_of(_picture(contents, channels, ("BMP",)))


@host_op("DecodeGif")
def decode_gif(contents: Any, name: str | None = None) -> Any:
    """The pictures of a GIF.  Shape: (pictures, height, width, 3).  Dtype: uint8.  Raises: DataError."""
    from PIL import Image, ImageSequence  # noqa: PLC0415  loaded where pictures are

    data = one_text(contents, "contents")
    if _kind(data) != "GIF":
        raise DataError(f"the picture is a {_kind(data)}, not a GIF", likely="tf.io.decode_image")
    try:
        opened(io.BytesIO(data))  # which looks at its size
        with Image.open(io.BytesIO(data), formats=("GIF",)) as file:
            return tensor_of(np.stack([np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(file)]))
    except (FileError, OSError) as error:
        raise DataError("the picture cannot be read", facts=(str(error).splitlines()[0],)) from None


@host_op("DecodeImage")
def decode_image(contents: Any, channels: int = 0, dtype: Any = "uint8", expand_animations: bool = True, name: str | None = None) -> Any:
    """A picture of the kind JPEG, PNG, GIF or BMP.

    Shape: (height, width, channels); of a GIF (pictures, height, width, 3) where expand_animations is True, else its first.
    Dtype: uint8, uint16, or float32 from 0 to 1.  Raises: DataError.
    """
    kind = _kind(one_text(contents, "contents"))
    if kind != "GIF":
        return _as(_picture(contents, channels, ("JPEG", "PNG", "BMP")), dtype, deep=kind == "PNG")
    if channels not in (0, 3) and expand_animations:
        raise ArgumentError(f"channels must be 0 or 3 for a GIF, not {channels}")
    frames = array_of(decode_gif(contents), "contents")
    return _as(frames if expand_animations else frames[0], dtype)


@host_op("ExtractJpegShape")
def extract_jpeg_shape(contents: Any, output_type: Any = "int32", name: str | None = None) -> Any:
    """Height, width and channels of a JPEG.  Shape: (3,).  Dtype: int32 or int64."""
    return tensor_of(np.array(_picture(contents, 0, ("JPEG",)).shape, name_of_dtype(output_type)))


@host_op("EncodePng")
def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Any:
    """A picture as a PNG file.  Shape: (height, width, 1 to 4 channels) -> ().  Dtype: uint8.  Raises: ShapeError, DTypeError."""
    pixels = array_of(image, "image")
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4:
        raise ShapeError("image must have 1, 2, 3, or 4 channels: (height, width, channels)", facts=(f"given {pixels.shape}",))
    if pixels.dtype != np.uint8:
        raise DTypeError(f"encode_png: the image is uint8, this is {pixels.dtype}", likely="tf.cast(image, tf.uint8)")
    return tensor_of(np.array(encoded(pixels), object))


@host_op("EncodeJpeg")
def encode_jpeg(
    image: Any, format: str = "", quality: int = 95, progressive: bool = False, optimize_size: bool = False,  # noqa: A002
    chroma_downsampling: bool = True, density_unit: str = "in", x_density: int = 300, y_density: int = 300, xmp_metadata: str = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """A picture as a JPEG file.  Shape: (height, width, 1 or 3 channels) -> ().  Dtype: uint8.  Raises: ShapeError, DTypeError."""
    from PIL import Image  # noqa: PLC0415  loaded where pictures are

    pixels = array_of(image, "image")
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ShapeError("image must have 1 or 3 channels: (height, width, channels)", facts=(f"given {pixels.shape}",))
    if pixels.dtype != np.uint8:
        raise DTypeError(f"encode_jpeg: the image is uint8, this is {pixels.dtype}", likely="tf.cast(image, tf.uint8)")
    file = io.BytesIO()
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    dots = (x_density, y_density)
    picture.save(file, "JPEG", quality=int(quality), progressive=progressive, optimize=optimize_size, dpi=dots,
                 subsampling=2 if chroma_downsampling else 0)  # fmt: skip
    return tensor_of(np.array(file.getvalue(), object))


class DecodeWav(NamedTuple):
    """Sound: samples from -1 to 1, (samples, channels) float32, and how many a second, () int32."""

    audio: Any
    sample_rate: Any


@host_op("DecodeWav")
def decode_wav(contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None) -> DecodeWav:
    """Sound of 16 bits a sample in a WAV file.

    Args:
        contents: its bytes.
        desired_channels: so many: the first ones, or the last again and again.
        desired_samples: so many: the rest is cut off, or filled up with 0.
        name: of the operation.

    Shape: (samples, channels), ().  Dtype: float32, int32.  Raises: DataError for what is none.
    """
    try:
        with wave.open(io.BytesIO(one_text(contents, "contents"))) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise DataError("Header mismatch: Expected RIFF but found another", facts=(str(error),)) from None
    if width != 2:
        raise DataError(f"Can only read 16-bit WAV files, but received {8 * width}")
    sound = (np.frombuffer(data, "<i2").reshape(-1, channels) / np.float32(32768)).astype(np.float32)
    if desired_channels > 0:
        sound = sound[:, np.minimum(np.arange(desired_channels), channels - 1)]
    if desired_samples > 0:
        sound = np.pad(sound[:desired_samples], ((0, max(0, desired_samples - len(sound))), (0, 0)))
    return DecodeWav(tensor_of(sound), tensor_of(np.array(rate, np.int32)))


@host_op("EncodeWav")
def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Any:
    """Sound as a WAV file of 16 bits a sample.  Shape: (samples, channels) -> ().  Dtype: float32 -> string.  Raises: ShapeError."""
    sound = array_of(audio, "audio")
    if sound.ndim != 2:
        raise ShapeError("audio must be 2-dimensional: (samples, channels)", facts=(f"given {sound.shape}",))
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(sound.shape[1])
        made.setsampwidth(2)
        made.setframerate(int(array_of(sample_rate, "sample_rate")))
        scaled = sound.astype(np.float32) * np.float32(32768)
        levels = np.clip(np.trunc(scaled + np.copysign(np.float32(0.5), scaled)), -32768, 32767).astype("<i2")
        made.writeframes(levels.tobytes())
    return tensor_of(np.array(file.getvalue(), object))
