# shellcheck shell=bash
# A Python prefix made of Debian's interpreter. Its packages are in local/lib/python3.11/dist-packages: Debian's
# layout is frozen into the interpreter, so that editing site.py changes nothing.

PACKAGES=local/lib/python3.11/dist-packages

# python_prefix PREFIX
python_prefix() {
  local prefix=$1 library=lib/python3.11
  rm -rf "$prefix"
  mkdir -p "$prefix/bin" "$prefix/lib" "$prefix/$PACKAGES"
  cp /usr/bin/python3.11 "$prefix/bin/"
  ln -s python3.11 "$prefix/bin/python3"
  ln -s python3.11 "$prefix/bin/python"
  cp -a "/usr/$library" "$prefix/lib/"
  rm -rf "$prefix/$library"/{test,EXTERNALLY-MANAGED,sitecustomize.py}
  "$prefix/bin/python" -I -c 'import sysconfig, sys; assert sysconfig.get_path("purelib") in sys.path, sys.path'
}

# pip_into PREFIX REQUIREMENT…: the host's pip works on another interpreter.
pip_into() {
  local prefix=$1
  shift
  /usr/bin/python3 -m pip --python "$prefix/bin/python" install --no-warn-script-location --root-user-action=ignore "$@"
}
