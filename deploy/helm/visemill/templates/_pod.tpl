{{/* (list root flags): a command's flags, one item of a YAML list each. */}}
{{- define "visemill.flags" -}}
{{- $root := index . 0 -}}
{{- range $name, $value := index . 1 }}
{{- $flag := printf "--%s" (include "visemill.dashed" $name) }}
{{- if kindIs "bool" $value }}
- {{ ternary $flag (printf "--no-%s" (trimPrefix "--" $flag)) $value }}
{{- else }}
{{- range (kindIs "slice" $value | ternary $value (list $value)) }}
- {{ printf "%s=%s" $flag (tpl (include "visemill.text" .) $root) | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* (list root component service): flags that follow from the chart itself; those given by hand come after and win. */}}
{{- define "visemill.ownFlags" -}}
{{- $root := index . 0 -}}{{- $service := index . 2 -}}
{{- $tls := $root.Values.tls.enabled -}}
{{- if and (or (eq (index . 1) "lipreading") (hasPrefix "lipreading-" (index . 1))) (not $service.flags.bundle) }}
{{- fail (printf "services.%s.flags.bundle is empty: name what reads, s3://BUCKET/lipreader or a folder that is mounted, as `visemill export --bundle` wrote it" (index . 1)) }}
{{- end }}
{{- if or (eq (index . 1) "talker") (hasPrefix "talker-" (index . 1)) }}
{{- range list "heads" "persons" }}
{{- if not (index $service.flags .) }}
{{- fail (printf "services.%s.flags.%s is empty: name the folder that is mounted, below which there is one a name" (index $ 1) .) }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq (index . 1) "triton" }}
{{- if $tls }}
{{- include "visemill.flags" (list $root (dict
      "grpcUseSsl" "1" "grpcUseSslMutual" "1" "grpcServerCert" "/etc/visemill/tls/tls.crt"
      "grpcServerKey" "/etc/visemill/tls/tls.key" "grpcRootCert" "/etc/visemill/tls/ca.crt")) }}
{{- end }}
{{- else }}
{{- $own := dict "listen" (printf "0.0.0.0:%v" $service.ports.grpc) "metricsListen" (printf ":%v" $service.ports.metrics)
      "drainS" (max 1 (sub (sub $service.terminationGracePeriodS $service.preStopS) 5)) }}
{{- if $tls }}
{{- $_ := set $own "healthListen" (printf "0.0.0.0:%v" $service.ports.health) }}
{{- $_ := set $own "tlsCert" "/etc/visemill/tls/tls.crt" }}
{{- $_ := set $own "tlsKey" "/etc/visemill/tls/tls.key" }}
{{- $_ := set $own "tlsClientCa" "/etc/visemill/tls/ca.crt" }}
{{- end }}
{{- /* A server of heads opens no path that a client names. */}}
{{- if not (or (eq (index . 1) "talker") (hasPrefix "talker-" (index . 1))) }}
{{- with $root.Values.s3.roots }}
{{- $_ := set $own "allowRoot" . }}
{{- end }}
{{- end }}
{{- if eq (index . 1) "orchestrator" }}
{{- $_ := set $own "registry" (include "visemill.registry" $root) }}
{{- $fullname := include "visemill.fullname" $root }}
{{- $remote := list }}
{{- range $root.Values.remoteStages }}
{{- $remote = append $remote (printf "%s=%s-%s:%v" . $fullname . (index (include "visemill.ports" $root | fromYaml) .)) }}
{{- end }}
{{- with $remote }}{{ $_ := set $own "remote" . }}{{ end }}
{{- with (include "visemill.ports" $root | fromYaml).triton }}
{{- $_ := set $own "allowAddress" (printf "%s-triton:%v" $fullname .) }}
{{- end }}
{{- end }}
{{- include "visemill.flags" (list $root $own) }}
{{- end }}
{{- end -}}

{{/* (list root component service): environment of a container: ours, the store's, the clients' TLS. */}}
{{- define "visemill.environment" -}}
{{- $root := index . 0 -}}{{- $service := index . 2 -}}
envFrom:
  - configMapRef:
      name: {{ include "visemill.fullname" $root }}-settings
{{- if and $root.Values.s3.existingSecret (has "s3" $service.needs) }}
  - secretRef:
      name: {{ $root.Values.s3.existingSecret }}
      optional: true
{{- end }}
{{- with include "visemill.variables" . | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "visemill.variables" -}}
{{- $root := index . 0 -}}{{- $service := index . 2 -}}
{{- if $root.Values.tls.enabled }}
- {name: VISEMILL_TLS_CA, value: /etc/visemill/tls/ca.crt}
- {name: VISEMILL_TLS_CERT, value: /etc/visemill/tls/tls.crt}
- {name: VISEMILL_TLS_KEY, value: /etc/visemill/tls/tls.key}
{{- end }}
{{- if eq (index . 1) "orchestrator" }}
{{- include "visemill.runSettings" $root }}
{{- end }}
{{- range $name, $value := $service.env }}
- name: {{ $name }}
  value: {{ tpl (include "visemill.text" $value) $root | quote }}
{{- end }}
{{- end -}}

{{/* (list root service): the three probes. Only readiness asks for what the server needs: a pod that waits for Triton or
a bucket is not restarted for it. gRPC probes speak no TLS, so a server with TLS answers them on a port of its own. */}}
{{- define "visemill.probes" -}}
{{- $root := index . 0 -}}{{- $service := index . 1 -}}{{- $probes := $service.probes -}}
{{- $port := $root.Values.tls.enabled | ternary $service.ports.health $service.ports.grpc -}}
startupProbe:
  {{- include "visemill.probe" (list $probes $port $probes.readyPath "liveness") | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: {{ $probes.timeoutS }}
  failureThreshold: {{ max 1 (div $probes.startupS 2) }}
readinessProbe:
  {{- include "visemill.probe" (list $probes $port $probes.readyPath "") | nindent 2 }}
  periodSeconds: {{ $probes.periodS }}
  timeoutSeconds: {{ $probes.timeoutS }}
  failureThreshold: 2
livenessProbe:
  {{- include "visemill.probe" (list $probes $port $probes.livePath "liveness") | nindent 2 }}
  periodSeconds: {{ $probes.periodS }}
  timeoutSeconds: {{ $probes.timeoutS }}
  failureThreshold: {{ $probes.failureThreshold }}
{{- end -}}

{{- define "visemill.probe" -}}
{{- if eq (index . 0).kind "http" -}}
httpGet: {port: http, path: {{ index . 2 }}}
{{- else -}}
grpc: {port: {{ index . 1 }}{{ with index . 3 }}, service: {{ . }}{{ end }}}
{{- end -}}
{{- end -}}

{{/* (list root service): resources, with GPUs as the device plugin counts them. */}}
{{- define "visemill.resources" -}}
{{- $service := index . 1 -}}
{{- $resources := deepCopy $service.resources -}}
{{- if $service.gpus -}}
{{- $_ := set $resources "limits" (merge (dict $service.gpuResource (int $service.gpus)) $resources.limits) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{/* What every pod may do: the restricted level, and less. */}}
{{- define "visemill.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
fsGroup: {{ int64 . }}
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "visemill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* (list root component service): a pod's whole spec. */}}
{{- define "visemill.podSpec" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}{{- $service := index . 2 -}}
serviceAccountName: {{ include "visemill.account" (list $root $service.serviceAccount) }}
automountServiceAccountToken: {{ eq $service.serviceAccount "orchestrator" }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ $service.terminationGracePeriodS }}
{{- with include "visemill.priority" (list $root "services") }}
priorityClassName: {{ . }}
{{- end }}
{{- with $service.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
securityContext:
  {{- include "visemill.podSecurity" $root | nindent 2 }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $service.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "visemill.selector" (list $root $component) | nindent 8 }}
  {{- end }}
{{- with $service.initContainers }}
initContainers: {{- tpl (toYaml .) $root | nindent 2 }}
{{- end }}
containers:
  - {{ include "visemill.container" . | nindent 4 | trim }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: {{ $service.tmpSize }}}
{{- with $service.shmSize }}
  - name: shm
    emptyDir: {medium: Memory, sizeLimit: {{ . }}}
{{- end }}
{{- if $root.Values.tls.enabled }}
  - name: tls
    secret: {secretName: {{ include "visemill.tlsSecret" $root }}, defaultMode: 0440}
{{- end }}
{{- with $service.volumes }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* (list root component service): the one container. */}}
{{- define "visemill.container" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}{{- $service := index . 2 -}}
name: {{ $component }}
image: {{ include "visemill.image" (list $root $service.image) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{- with $service.command }}
command: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "visemill.arguments" . | trim }}
args:
  {{- . | nindent 2 }}
{{- end }}
{{ include "visemill.environment" (list $root $component $service) }}
ports:
{{- range $port, $number := $service.ports }}
{{- if and $number (or (ne $port "health") $root.Values.tls.enabled) }}
  - {name: {{ $port }}, containerPort: {{ $number }}}
{{- end }}
{{- end }}
{{ include "visemill.probes" (list $root $service) }}
lifecycle:
  preStop:
    sleep: {seconds: {{ $service.preStopS }}}
resources: {{- include "visemill.resources" (list $root $service) | nindent 2 }}
securityContext: {{- include "visemill.containerSecurity" $root | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
{{- if $service.shmSize }}
  - {name: shm, mountPath: /dev/shm}
{{- end }}
{{- if $root.Values.tls.enabled }}
  - {name: tls, mountPath: /etc/visemill/tls, readOnly: true}
{{- end }}
{{- with $service.volumeMounts }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Words first, then the chart's own flags, then those given by hand, which win. */}}
{{- define "visemill.arguments" -}}
{{- $service := index . 2 -}}
{{- range $service.args }}
- {{ . | quote }}
{{- end }}
{{- include "visemill.ownFlags" . }}
{{- include "visemill.flags" (list (index . 0) $service.flags) }}
{{- end -}}
