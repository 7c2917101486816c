"""``karin completion``: scripts that have bash, zsh and fish complete karin and karin-tui, made from the grammar.

Names of queues and mappings are asked of the karin that runs here, when they are wanted.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence

from karin.cli.grammar import LISTS, Grammar
from karin.cli.main import EXIT_DONE
from karin.cli.spoken import Taken, arguments, options
from karin.tui_grammar import tui_parser

# Of each command: its switches and options, what its options take, what its arguments are.
_BASH = """\
_karin_takes() {
    case $1 in
%(cases)s
    *) flags= values= places= ;;
    esac
}
_karin_offer() {
    local words=
    case $1 in
    queues | mappings) words=$(karin completion "$1" 2>/dev/null) ;;
    files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$2"); return ;;
    none) return ;;
    *) words=${1//|/ } ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}
_karin() {
    local flags values places command= wanted= word pair i place=0 cur=${COMP_WORDS[COMP_CWORD]}
    [[ ${COMP_WORDS[0]##*/} == karin-tui ]] && command=karin-tui
    _karin_takes "$command"
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then
            continue
        elif [[ -n $wanted ]]; then
            wanted=
        elif [[ $word == -* ]]; then
            for pair in $values; do [[ ${pair%%=*} == "$word" ]] && wanted=${pair#*=}; done
        elif [[ -z $command ]]; then
            command=$word
            _karin_takes "$command"
        else
            ((place += 1))
        fi
    done
    [[ $cur == = ]] && cur=
    COMPREPLY=()
    if [[ -n $wanted ]]; then
        _karin_offer "$wanted" "$cur"
    elif [[ $cur == -* ]]; then
        _karin_offer "${flags// /|}" "$cur"
    else
        set -- $places
        _karin_offer "${@:place+1:1}" "$cur"
    fi
}
complete -F _karin karin karin-tui
"""

_ZSH = """\
#compdef karin karin-tui
_karin_queues() { local -a names; names=(${(f)"$(karin completion queues 2>/dev/null)"}); compadd -a names }
_karin_mappings() { local -a names; names=(${(f)"$(karin completion mappings 2>/dev/null)"}); compadd -a names }
_karin() {
    if [[ $service == karin-tui ]]; then
        _arguments %(tui)s
        return
    fi
    local curcontext=$curcontext state line
    _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)--version[show the version]' \\
        '1:command:->command' '*::argument:->argument'
    case $state in
    command)
        local -a commands=(
%(commands)s
        )
        _describe command commands
        ;;
    argument)
        case $words[1] in
%(cases)s
        esac
        ;;
    esac
}
if [[ $funcstack[1] == _karin ]]; then _karin "$@"; else compdef _karin karin karin-tui; fi
"""


def completion(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the script for a shell, or the names that such a script asks for."""
    if options.shell in LISTS:
        print(*_names(options.shell, environ), sep="\n")
    else:
        print({"bash": bash, "zsh": zsh, "fish": fish}[options.shell](), end="")
    return EXIT_DONE


def _names(what: str, environ: Mapping[str, str]) -> list[str]:
    from karin.finding import find  # noqa: PLC0415 - printing a script needs no Redis

    store = find(environ).context.store
    if what == "queues":
        return sorted({queue.name for queue in store.queues.names()})
    snapshot = store.deployment.snapshot()
    return sorted({mapping.queue.name for mapping in (snapshot.mappings if snapshot else ())})


def bash() -> str:
    """Return the script for bash 4 and newer."""
    commands = Grammar().commands
    places = "|".join(command.name for command in commands)
    cases = [f"    '') flags='--help --version' values= places='{places}' ;;"]
    cases += [_bash_case(command.name, command.parser) for command in commands]
    cases.append(_bash_case("karin-tui", tui_parser()))
    return _BASH % {"cases": "\n".join(cases)}


def _bash_case(name: str, parser: argparse.ArgumentParser) -> str:
    flags = " ".join(flag for one in options(parser) for flag in one.flags if flag.startswith("--"))
    values = " ".join(f"{flag}={_offered(one)}" for one in options(parser) if one.value for flag in one.flags)
    places = " ".join(_offered(one) for one in arguments(parser))
    return f"    {name}) flags='{flags}' values='{values}' places='{places}' ;;"


def _offered(taken: Taken) -> str:
    return "|".join(_choices(taken)) or taken.kind or "none"


def _choices(taken: Taken) -> Sequence[str]:
    return [one for one in taken.choices if one not in LISTS]


def zsh() -> str:
    """Return the script for zsh, to be sourced after compinit or to be put in a folder of $fpath as _karin."""
    commands = Grammar().commands
    described = "\n".join(f"            {_quoted(f'{command.name}:{command.text}')}" for command in commands)
    cases = "\n".join(f"        {one.name}) _arguments {' '.join(_zsh_specs(one.parser))} ;;" for one in commands)
    return _ZSH % {"tui": " ".join(_zsh_specs(tui_parser())), "commands": described, "cases": cases}


def _zsh_specs(parser: argparse.ArgumentParser) -> Iterator[str]:
    for one in options(parser):
        text = one.text.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:").replace("%%", "%")
        for flag in one.flags:
            repeated = "*" if one.is_repeatable else ""
            yield _quoted(f"{repeated}{flag}[{text}]{_zsh_value(one)}")
    for place, one in enumerate(arguments(parser), 1):
        yield _quoted(f"{place}{_zsh_value(one)}")


def _zsh_value(taken: Taken) -> str:
    if not taken.value:
        return ""
    offered = f"({' '.join(_choices(taken))})" if taken.choices else ""
    named = {"queues": "_karin_queues", "mappings": "_karin_mappings", "files": "_files"}.get(taken.kind, "")
    return f":{taken.value.replace(':', chr(92) + ':')}:{offered or named}"


def fish() -> str:
    """Return the script for fish."""
    lines = ["complete -c karin -f", "complete -c karin-tui -f"]
    lines += [
        "complete -c karin -n __fish_use_subcommand -l help",
        "complete -c karin -n __fish_use_subcommand -l version",
    ]
    for command in Grammar().commands:
        text = _quoted(command.text)
        lines.append(f"complete -c karin -n __fish_use_subcommand -a {command.name} -d {text}")
        begin = f"complete -c karin -n '__fish_seen_subcommand_from {command.name}'"
        lines += [f"{begin} {one}" for one in _fish_options(command.parser)]
        lines += [f"{begin}{_fish_value(one)}" for one in arguments(command.parser) if _fish_value(one)]
    lines += [f"complete -c karin-tui {one}" for one in _fish_options(tui_parser())]
    return "\n".join(lines) + "\n"


def _fish_options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for one in options(parser):
        flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in one.flags)
        takes = f" {'-r' if one.kind == 'files' else '-x'}{_fish_value(one)}" if one.value else ""
        yield f"{flags}{takes} -d {_quoted(one.text)}"


def _fish_value(taken: Taken) -> str:
    if taken.choices:
        return f" -a {_quoted(' '.join(_choices(taken)))}"
    if taken.kind in LISTS:
        return f" -a '(karin completion {taken.kind} 2>/dev/null)'"
    return " -F" if taken.kind == "files" else ""


def _quoted(text: str) -> str:
    escaped = text.replace("'", "'\\''")
    return f"'{escaped}'"
