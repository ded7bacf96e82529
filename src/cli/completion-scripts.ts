/** What a shell evaluates so that Tab asks the program: one script a shell. The answers are made in complete.ts. */

export const completionShells = ["bash", "zsh", "fish"] as const;
export type CompletionShell = (typeof completionShells)[number];

/** bash splits words at `=`, and so do its answers: only what stands behind it is replaced. */
const bash = `# mlbench-hpo: source <(mlbench-hpo completion bash)
_mlbench_hpo() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" line IFS=$'\\n'
  COMPREPLY=()
  [[ $cur == "=" ]] && cur=""
  while IFS= read -r line; do
    case "$line" in
      :files) COMPREPLY+=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null ;;
      :folders) COMPREPLY+=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null ;;
      :nospace) compopt -o nospace 2>/dev/null ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _mlbench_hpo mlbench-hpo
`;

const zsh = `#compdef mlbench-hpo
# mlbench-hpo: source <(mlbench-hpo completion zsh), after compinit; or as a file _mlbench-hpo in $fpath
_mlbench_hpo() {
  local line name text
  local -a described suffix
  while IFS= read -r line; do
    case "$line" in
      :files) _files ;;
      :folders) _files -/ ;;
      :nospace) suffix=(-S '') ;;
      *)
        name="\${line%%$'\\t'*}"
        text=""
        [[ $line == *$'\\t'* ]] && text=":\${line#*$'\\t'}"
        described+=("\${name//:/\\\\:}$text")
        ;;
    esac
  done < <("\${words[1]}" complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#described} )) && _describe -V 'mlbench-hpo' described "\${suffix[@]}"
  return 0
}
if [[ "\${funcstack[1]}" == "_mlbench-hpo" ]]; then
  _mlbench_hpo "$@"
elif (( $+functions[compdef] )); then
  compdef _mlbench_hpo mlbench-hpo
fi
`;

const fish = `# mlbench-hpo: mlbench-hpo completion fish | source
function __mlbench_hpo_complete
    set -l tokens (commandline -opc) (commandline -ct)
    set -l current (commandline -ct)
    for line in ($tokens[1] complete fish -- $tokens[2..-1] 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
            case :folders
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current)
            case :nospace
            case '*'
                echo $line
        end
    end
end
complete -c mlbench-hpo -f -a '(__mlbench_hpo_complete)'
`;

export const completionScripts: Readonly<Record<CompletionShell, string>> = { bash, zsh, fish };
