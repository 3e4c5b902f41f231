"""Mistakes of Keras users, each seen in public questions in this or a like form."""

from __future__ import annotations

from tests.mistakes.record import Mistake

MEANT = r"did you mean '(\w+)'"
SOFTMAX = 'layers.Dense(3, activation="softmax")'

MISTAKES = [
    Mistake("an option misspelt", 'y = layers.Dense(3, «activaton»="relu")(X)', MEANT, right="(y.numpy() >= 0).all()"),
    Mistake("a former option", "optimizer = keras.optimizers.Adam(«lr»=0.25)", MEANT, right="float(optimizer.learning_rate) == 0.25"),
    Mistake("another former option", "model = compiled(layers.Dense(4)); h = model.fit(X, X, «nb_epoch»=3, verbose=0)", MEANT,
            right="h.epoch == [0, 1, 2]"),
    Mistake("a name misspelt", 'y = layers.Dense(3, activation="«rleu»")(X)', MEANT, right="(y.numpy() >= 0).all()"),
    Mistake("a name with words left out", f'model = compiled({SOFTMAX}, loss="«sparse_crossentropy»"); model.fit(X, Y, verbose=0)', MEANT,
            right="model.loss == 'sparse_categorical_crossentropy'"),
    Mistake("a word in capitals", 'y = layers.Conv2D(3, 3, padding="«SAME»")(IMAGES[..., None])', MEANT, right="y.shape == (6, 8, 8, 3)"),
    Mistake("metrics as one name", f'model = compiled({SOFTMAX}, loss="sparse_categorical_crossentropy", «metrics="accuracy"»)\n'
            "r = model.evaluate(X, Y, verbose=0)", r"(metrics=\[.*\])", right="len(r) == 2"),
    Mistake("a layer's class for a layer", "model = compiled(layers.«Flatten», layers.Dense(2)); p = model.predict(IMAGES, verbose=0)",
            r"write (\w+\(\))", right="p.shape == (6, 2)"),
    Mistake("layers one by one", "model = keras.Sequential(«layers.Dense(3), layers.Dense(2)»); y = model(X)",
            r"keras.Sequential\((\[)layer, layer(\])\)", "{0}layers.Dense(3), layers.Dense(2){1}", "y.shape == (12, 2)"),
    Mistake("a bare number for a shape", "model = keras.Sequential([keras.Input(«4»), layers.Dense(2)])", r"write (\(4,\))",
            right="model.output_shape == (None, 2)"),
    Mistake("the number of examples in the shape", "model = keras.Sequential([keras.Input(«(600, 28, 28, 1)»), layers.Conv2D(2, 3)])",
            r"without their number: (\(.*\))", right="model.output_shape == (None, 26, 26, 2)"),
    Mistake("a count by division", "model = compiled(layers.Dense(4)); h = model.fit(X, X, epochs=«4 / 2», verbose=0)", r"write (\d+);",
            right="h.epoch == [0, 1]"),
    Mistake("labels from 1 on", f'model = compiled({SOFTMAX}, loss="sparse_categorical_crossentropy")\n'
            "y = Y + 1\nmodel.fit(X, «y», verbose=0)", r"^(y - 1)$"),
    Mistake("labels -1 and 1", 'model = compiled(layers.Dense(2, activation="softmax"), loss="sparse_categorical_crossentropy")\n'
            "y = np.where(Y > 0, 1, -1)\nmodel.fit(X, «y», verbose=0)", r"(np.unique\(y, return_inverse=True\)\[1\])"),
    Mistake("labels as text", f'model = compiled({SOFTMAX}, loss="sparse_categorical_crossentropy")\n'
            'y = np.array(["ant", "bee", "fly"])[Y]\nmodel.fit(X, «y», verbose=0)', r"(np.unique\(y, return_inverse=True\)\[1\])"),
    Mistake("numbers as text", 'model = compiled(layers.Dense(4)); x = X.astype(str)\nh = model.fit(«x», X, verbose=0)',
            r"(np.asarray\(x, 'float32'\))", right="h.history['loss'][0] > 0"),
    Mistake("labels as pandas' text", f'model = compiled({SOFTMAX}, loss="sparse_categorical_crossentropy")\n'
            'y = np.array(["ant", "bee", "fly"], object)[Y]\nmodel.fit(X, «y», verbose=0)', r"(np.unique\(y, return_inverse=True\)\[1\])"),
    Mistake("names to one-hot rows", 'x = np.array(["ant", "bee", "fly"], object)[Y]\nrows = keras.utils.to_categorical(«x»)',
            r"(np.unique\(x, return_inverse=True\)\[1\])", right="rows.argmax(1).tolist() == Y.tolist()"),
    Mistake("numbers as objects of text", 'model = compiled(layers.Dense(4)); x = X.astype(str).astype(object)\n'
            "h = model.fit(«x», X, verbose=0)", r"(np.asarray\(x, 'float32'\))", right="h.history['loss'][0] > 0"),
    Mistake("one-hot targets for a sparse loss", f'model = compiled({SOFTMAX}, loss="«sparse_categorical_crossentropy»")\n'
            "model.fit(X, np.eye(3)[Y], verbose=0)", r"one-hot targets take '(\w+)'"),
    Mistake("labels for a one-hot loss", f'model = compiled({SOFTMAX}, loss="«categorical_crossentropy»"); model.fit(X, Y, verbose=0)',
            r"class numbers take '(\w+)'"),
    Mistake("two outputs for one target", 'model = compiled(«layers.Dense(2, activation="sigmoid")», loss="binary_crossentropy")\n'
            "model.fit(X, Y % 2, verbose=0)", r"(layers.Dense\(1, activation='sigmoid'\))", right="model.output_shape == (None, 1)"),
    Mistake("grey images without channels", "model = compiled(keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten(), "
            "layers.Dense(1))\nx = IMAGES; p = model.predict(«x», verbose=0)", r"(x\[\.\.\., None\])", right="p.shape == (6, 1)"),
    Mistake("a single example", "model = compiled(keras.Input((4,)), layers.Dense(2)); x = X[0]; p = model.predict(«x», verbose=0)",
            r"(x\[None\])", right="p.shape == (1, 2)"),
    Mistake("channels first", "model = compiled(keras.Input((8, 9, 3)), layers.Conv2D(2, 3)); x = np.zeros((5, 3, 8, 9))\n"
            "p = model.predict(«x», verbose=0)", r"(x.transpose\(.*\))", right="p.shape == (5, 6, 7, 2)"),
    Mistake("images for a flat input",
            "model = compiled(keras.Input((64,)), layers.Dense(2))\nx = IMAGES; p = model.predict(«x», verbose=0)",
            r"(x.reshape\(.*\))", right="p.shape == (6, 2)"),
    Mistake("an LSTM on the last step of another", "model = compiled(keras.Input((5, 3)), layers.LSTM(4«»), layers.LSTM(2))",
            r"(return_sequences=True) in the first", ", {0}", "model.output_shape == (None, 2)"),
    Mistake("rows for an LSTM", "x = X; y = layers.LSTM(3)(«x»)", r"(x\[\.\.\., None\])", right="y.shape == (12, 3)"),
    Mistake("an id that no row has", "model = compiled(layers.Embedding(«9», 2)); p = model.predict(np.array([[1, 9]]), verbose=0)",
            r"give it (\d+)", right="p.shape == (1, 2, 2)"),
    Mistake("a list of class weights", f'model = compiled({SOFTMAX}, loss="sparse_categorical_crossentropy")\n'
            "model.fit(X, Y, «class_weight=[1.0, 2.0, 1.0]», verbose=0)", r"(class_weight=\{.*\})"),
    Mistake("NaN in the data", "model = compiled(layers.Dense(4)); X[3, 1] = np.nan; h = model.fit(«X», np.ones((12, 4)), verbose=0)",
            r"(np.nan_to_num)", "{0}(X)", "h.history['loss'][0] < 100"),
    Mistake("a file name of Keras'", "import tempfile\nmodel = keras.Sequential([keras.Input((4,)), layers.Dense(2)])\n"
            'model.save_weights(tempfile.mkdtemp() + "/«model.h5»")', r"^([\w.]+)$"),
    Mistake("a base that was not begun", "class Net(keras.Model):\n    def __init__(self):\n        «»\n        self.d = layers.Dense(3)\n"
            "    def call(self, x):\n        return self.d(x)\ny = Net()(X)", r"begin it with (super\(\).__init__\(\))",
            right="y.shape == (12, 3)"),
    Mistake("a kernel the other way round", "model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])\n"
            "kernel = np.ones((3, 4))\nmodel.set_weights([kernel«», np.zeros(3)])", r"(\.T)$", right="model(X).shape == (12, 3)"),
    Mistake("x and y in one", "model = compiled(layers.Dense(4)); h = model.fit(«»(X, X), verbose=0)", r"fit\((\*)data\)",
            right="h.epoch == [0]"),
    Mistake("Python that asks a Tensor", "class L(layers.Layer):\n    def call(self, x):\n        return x if x.sum() > 0 else -x\n"
            "model = keras.Sequential([L(), layers.Dense(1)])\nmodel.compile('sgd', 'mse'«»)\nh = model.fit(X, Y, verbose=0)",
            r"compile\(\.\.\., (run_eagerly=True)\)", ", {0}", "h.epoch == [0]", r"\(L\): if needs the contents"),
    Mistake("a loss that returns nothing", "def wrong(y_true, y_pred):\n    «»(y_true - y_pred) ** 2\n"
            "model = compiled(layers.Dense(4), loss=wrong); h = model.fit(X, X, verbose=0)", r"`(return) \.\.\.`", "{0} ",
            "h.history['loss'][0] > 0", "wrong gives back None"),
    Mistake("a layer that returns nothing", "class L(layers.Layer):\n    def call(self, x):\n        «»x * 2\n"
            "model = keras.Sequential([keras.Input((4,)), L()]); y = model(X)", r"`(return) \.\.\.`", "{0} ", "y.shape == (12, 4)",
            "call gives back None"),
    Mistake("a learning rate as text", 'optimizer = keras.optimizers.Adam(«"0.25"»)', r"write ([\d.]+)",
            right="float(optimizer.learning_rate) == 0.25", says="the learning rate is a number"),
    Mistake("images without Flatten", f'model = compiled(«»{SOFTMAX}, loss="sparse_categorical_crossentropy")\n'
            "model.fit(IMAGES, Y[:6], verbose=0)", r"(layers\.Flatten\(\))", "{0}, ", "model.output_shape == (None, 3)",
            r"the targets do not fit the model's outputs"),
    Mistake("a place by division", "y = layers.Dense(3)(X)[«len(X) / 2»]", r"write (\d+)", right="y.shape == (3,)",
            says=r"valid indices \(got 6\.0\)"),
    Mistake("no compile", "model = keras.Sequential([layers.Dense(4)])\n«»h = model.fit(X, X, verbose=0)",
            r"(model\.compile\(optimizer='adam', loss=)", "{0}'mse')\n", "h.epoch == [0]", "not compiled"),
    Mistake("a weight written in place", "model = keras.Sequential([keras.Input((4,)), layers.Dense(2)]); w = model.layers[0].kernel\n"
            "before = w.numpy()\nw« += 1»", r"(\.assign)\(", "{0}(w + 1)", "np.allclose(w.numpy(), before + 1)", "a leaf Tensor"),
    Mistake("a file nearly named", "import tempfile\nfolder = tempfile.mkdtemp()\nmodel = keras.Sequential([keras.Input((4,)), "
            'layers.Dense(2)])\nmodel.save_weights(folder + "/digits.weights.safetensors")\n'
            'model.load_weights(«folder + "/digit.weights.safetensors"»)', r"^(.+)$", "r'{0}'", says="does not exist"),
    Mistake("weights that are not there yet", "model = keras.Sequential([layers.Dense(2)])\n«»n = model.count_params()", r"(call it once)",
            "model(X)\n", "n == 10", "has no weights yet"),
    Mistake("a layer that gives two", "class Two(layers.Layer):\n    def call(self, x):\n        return «x, x»\n"
            "model = keras.Sequential([keras.Input((4,)), Two(), layers.Dense(2)])", "", says=r"dense.* expects 1 input, .* gives 2"),
    Mistake("states of an LSTM in the middle", "model = keras.Sequential([keras.Input((5, 3)), layers.LSTM(4, «return_state=True»), "
            "layers.Dense(2)])", "", says=r"dense.* expects 1 input, .* gives 3"),
    Mistake("a loss of half a name", f'model = compiled({SOFTMAX}, loss="«crossentropy»"); model.fit(X, Y, verbose=0)', "",
            says="unknown loss 'crossentropy'"),
    Mistake("other features than the layer was built for", "norm = layers.BatchNormalization(); norm(X); norm(«X[:, :3]»)", "",
            says="axis -1 of the input must have 4 features"),
    Mistake("NumPy in a loss", "model = compiled(layers.Dense(4), loss=lambda y_true, y_pred: «np.mean((y_true - y_pred) ** 2)»)\n"
            "model.fit(X, X, verbose=0)", "", says="NumPy needs the contents of a Tensor"),
    Mistake("features that do not fit",
            "model = compiled(keras.Input((4,)), layers.Dense(2))\np = model.predict(«X[:, :3]», verbose=0)", ""),
    Mistake("an activation in the place of the units", 'layers.Dense(«"relu"»)', ""),
]  # fmt: skip
