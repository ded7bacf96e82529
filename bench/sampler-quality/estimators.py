"""scikit-learn's estimators as problems: their spaces, and cross-validated losses of small real data sets that come with it."""
import numpy as np
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeRegressor


def number(low, high, log=False, when=None, kind="float"):
    return {"type": kind, "low": low, "high": high, **({"log": True} if log else {}), **({"when": when} if when else {})}


def choice(*choices):
    return {"type": "categorical", "choices": list(choices)}


def whole(low, high, log=False, when=None):
    return number(low, high, log, when, "int")


curved, poly = {"kernel": ["rbf", "poly", "sigmoid"]}, {"kernel": "poly"}
SPACES = {
    "svc": {
        "kernel": choice("rbf", "poly", "sigmoid", "linear"),
        "C": number(1e-3, 1e3, True),
        "gamma": number(1e-5, 10.0, True, curved),
        "degree": whole(2, 5, when=poly),
        "coef0": number(-1.0, 1.0, when={"kernel": ["poly", "sigmoid"]}),
    },
    "svr": {"C": number(1e-3, 1e3, True), "gamma": number(1e-5, 10.0, True), "epsilon": number(1e-3, 1.0, True)},
    "gbr": {
        "learning_rate": number(5e-3, 0.5, True),
        "n_estimators": whole(10, 50),
        "max_depth": whole(1, 5),
        "subsample": number(0.4, 1.0),
        "min_samples_leaf": whole(1, 40),
    },
    "krr": {
        "kernel": choice("rbf", "poly", "laplacian"),
        "alpha": number(1e-4, 10.0, True),
        "gamma": number(1e-4, 1.0, True),
        "degree": whole(2, 4, when=poly),
        "coef0": number(0.0, 3.0, when=poly),
    },
    "mlp": {
        "width": whole(4, 64, True),
        "alpha": number(1e-6, 1.0, True),
        "rate": number(1e-4, 0.3, True),
        "batch": whole(8, 128, True),
        "activation": choice("relu", "tanh", "logistic"),
    },
    "tree": {
        "criterion": choice("squared_error", "friedman_mse"),
        "max_depth": whole(1, 20),
        "min_samples_split": number(0.01, 0.5),
        "min_samples_leaf": whole(1, 60),
        "max_features": number(0.1, 1.0),
        "ccp_alpha": number(1e-5, 1.0, True),
    },
}

x_diabetes, y_diabetes = load_diabetes(return_X_y=True)
x_diabetes = StandardScaler().fit_transform(x_diabetes)
y_diabetes = (y_diabetes - y_diabetes.mean()) / y_diabetes.std()
x_digits, y_digits = load_digits(return_X_y=True)
x_digits, y_digits = x_digits[:500] / 16, y_digits[:500]


def squared_error(estimator, folds=3):
    split = KFold(folds, shuffle=True, random_state=0)
    return -cross_val_score(estimator, x_diabetes, y_diabetes, cv=split, scoring="neg_mean_squared_error").mean()


def svc(p):
    settings = {k: v for k, v in p.items() if k != "kernel"}
    estimator = SVC(kernel=p["kernel"], max_iter=5000, random_state=0, **settings)
    return 1 - cross_val_score(estimator, x_digits, y_digits, cv=KFold(3, shuffle=True, random_state=0)).mean()


def mlp(p):
    losses = []
    for train, test in KFold(2, shuffle=True, random_state=0).split(x_digits):
        model = MLPClassifier((p["width"],), activation=p["activation"], alpha=p["alpha"], batch_size=p["batch"],
                              learning_rate_init=p["rate"], max_iter=8, random_state=0)  # fmt: skip
        try:
            model.fit(x_digits[train], y_digits[train])
        except ValueError:  # scikit-learn's word for weights that are no longer finite
            return np.nan
        losses.append(log_loss(y_digits[test], model.predict_proba(x_digits[test]), labels=range(10)))
    return float(np.mean(losses))


SCORES = {
    "svc": svc,
    "svr": lambda p: squared_error(SVR(max_iter=20000, **p)),
    "gbr": lambda p: squared_error(GradientBoostingRegressor(random_state=0, **p)),
    "krr": lambda p: squared_error(KernelRidge(**p)),
    "mlp": mlp,
    "tree": lambda p: squared_error(DecisionTreeRegressor(random_state=0, **p), 5),
}
