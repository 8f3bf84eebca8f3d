{{/* VISEMILL_<NAME> of every process. */}}
{{- define "visemill.settings" -}}
{{- range $name, $value := .Values.settings }}
VISEMILL_{{ include "visemill.dashed" $name | replace "-" "_" | upper }}: {{ include "visemill.text" $value | quote }}
{{- end }}
{{- end -}}

{{/* What the orchestrator is told of the Jobs that it makes, as VISEMILL_<FLAG>; what .Values.runs says wins, and of
     trainings what .Values.training says, as VISEMILL_TRAINING_<FLAG>. */}}
{{- define "visemill.runSettings" -}}
{{- if and (.Values.runs.podsGpus | default 0 | int) (not .Values.runs.image) -}}
{{- fail "runs.podsGpus: nothing in visemill-worker can use a GPU: give runs.image too, such as REGISTRY/visemill-worker-torch:VERSION (made by `make images-worker-torch`)" -}}
{{- end -}}
{{- $own := dict
      "cluster" "kube"
      "namespace" .Release.Namespace
      "image" (include "visemill.image" (list . "visemill-worker"))
      "imagePullPolicy" .Values.image.pullPolicy
      "imagePullSecrets" (join "," .Values.image.pullSecrets)
      "serviceAccount" (include "visemill.account" (list . "worker"))
      "s3Secret" (.Values.s3.existingSecret | default "none")
      "priorityClass" (include "visemill.priority" (list . "runs")) }}
{{- if .Values.tls.enabled }}{{ $_ := set $own "tlsSecret" (include "visemill.tlsSecret" .) }}{{ end }}
{{- include "visemill.jobVariables" (list "VISEMILL_" (mergeOverwrite $own .Values.runs)) }}
{{- $training := dict "image" (.Values.training.image | default (include "visemill.image" (list . "visemill-training"))) }}
{{- include "visemill.jobVariables" (list "VISEMILL_TRAINING_" (merge $training (omit .Values.training "torch"))) }}
{{- with .Values.training.torch }}
- name: VISEMILL_POD_LIBRARIES
  value: {{ printf "torch==%s" . | quote }}
{{- end }}
{{- end -}}

{{/* (list prefix values): variables of the orchestrator; a value that is empty makes none. */}}
{{- define "visemill.jobVariables" -}}
{{- $prefix := index . 0 -}}
{{- range $name, $value := index . 1 }}
{{- $text := include "visemill.text" $value }}
{{- if $text }}
- name: {{ $prefix }}{{ include "visemill.dashed" $name | replace "-" "_" | upper }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- end -}}
