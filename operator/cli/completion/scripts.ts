/** Scripts that complete the program in a shell. They ask the hidden command `__complete`. */

const bash = `# bash completion of avatarpool. Load it with: source <(avatarpool completion bash)
_avatarpool() {
  local line
  COMPREPLY=()
  compopt +o default
  while IFS= read -r line; do
    case "$line" in
      :0) compopt -o default ;;
      :*) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _avatarpool avatarpool kubectl-avatarpool
`;

const zsh = `#compdef avatarpool kubectl-avatarpool
# zsh completion of avatarpool. Load it with: source <(avatarpool completion zsh)
_avatarpool() {
  local -a found
  local line directive tab=$'\\t'
  while IFS= read -r line; do
    if [[ $line == :* ]]; then directive=$line; else found+=("\${\${line//:/\\\\:}/$tab/:}"); fi
  done < <("\${words[1]}" __complete "\${(@)words[2,$CURRENT]}" 2>/dev/null)
  if (( $#found )); then _describe avatarpool found; elif [[ $directive == :0 ]]; then _files; fi
}
compdef _avatarpool avatarpool kubectl-avatarpool
`;

const fish = `# fish completion of avatarpool. Load it with: avatarpool completion fish | source
function __avatarpool_complete
  set -l words (commandline -opc)
  set -l found ($words[1] __complete $words[2..] "$(commandline -ct)" 2>/dev/null)
  string match -v -- ':*' $found
  if contains -- :0 $found
    __fish_complete_path (commandline -ct)
  end
end
complete -c avatarpool -f -a '(__avatarpool_complete)'
complete -c kubectl-avatarpool -f -a '(__avatarpool_complete)'
`;

export const completionScripts = { bash, zsh, fish } as const;
export type Shell = keyof typeof completionScripts;
