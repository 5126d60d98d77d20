{{/* A map without null and empty values, with which an override removes a default. Takes a dict. */}}
{{- define "avatarpool.compact" -}}
{{- $kept := dict -}}
{{- range $key, $value := . }}
{{- if kindIs "map" $value }}
{{- $_ := set $kept $key (include "avatarpool.compact" $value | fromYaml) }}
{{- else if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
{{- $_ := set $kept $key $value }}
{{- end }}
{{- end -}}
{{- toYaml $kept }}
{{- end }}

{{/* Secrets for pulling the image, as a list: an umbrella chart's `global.imagePullSecrets` may hold names or maps. */}}
{{- define "avatarpool.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat (default (list) .Values.global.imagePullSecrets) .Values.imagePullSecrets }}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . (dict)) "name")) }}
{{- end -}}
{{- range uniq $names }}
- name: {{ . }}
{{- end }}
{{- end }}

{{/* Labels and annotations of a component's pods: (list $ "operator"). */}}
{{- define "avatarpool.podMetadata" -}}
{{- $values := get (index . 0).Values (index . 1) -}}
{{- include "avatarpool.labelsAndAnnotations" (dict "root" (index . 0) "component" (index . 1) "labels" $values.podLabels "annotations" $values.podAnnotations) }}
{{- end }}

{{/* Fields of a component's pods that the uninstall hook needs too: (list $ "operator"). */}}
{{- define "avatarpool.podSpec" -}}
{{- $root := index . 0 -}}
{{- $values := get $root.Values (index . 1) -}}
serviceAccountName: {{ include "avatarpool.serviceAccountName" . }}
automountServiceAccountToken: {{ $values.serviceAccount.automount }}
{{- with include "avatarpool.imagePullSecrets" $root }}
imagePullSecrets:
  {{- . | nindent 2 }}
{{- end }}
{{- with default $root.Values.priorityClassName $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with default $root.Values.nodeSelector $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default $root.Values.tolerations $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with $values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.podSecurityContext }}
securityContext:
  {{- include "avatarpool.compact" . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where a component's pods run, relative to each other: (list $ "operator"). */}}
{{- define "avatarpool.placement" -}}
{{- $root := index . 0 -}}
{{- $values := get $root.Values (index . 1) -}}
{{- $selector := dict "matchLabels" (include "avatarpool.selector" . | fromYaml) -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" $selector -}}
{{- $rules := dict
  "preferred" (dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term)))
  "required" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term))
-}}
{{- $affinity := merge (dict) $values.affinity -}}
{{- if and (hasKey $rules $values.podAntiAffinity) (not (hasKey $affinity "podAntiAffinity")) }}
{{- $_ := set $affinity "podAntiAffinity" (get $rules $values.podAntiAffinity) }}
{{- end }}
{{- with $affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $constraint := merge (dict) . }}
  {{- if not (hasKey $constraint "labelSelector") }}{{ $_ := set $constraint "labelSelector" $selector }}{{ end }}
  - {{- toYaml $constraint | nindent 4 }}
  {{- end }}
{{- end }}
{{- with $values.initContainers }}
initContainers:
  {{- tpl (toYaml .) $root | nindent 2 }}
{{- end }}
{{- end }}

{{/* Fields of a component's Deployment beside its pods: (list $ "operator"). */}}
{{- define "avatarpool.deploymentSpec" -}}
{{- $root := index . 0 -}}
{{- $values := get $root.Values (index . 1) -}}
revisionHistoryLimit: {{ $values.revisionHistoryLimit }}
{{- if not (dig "autoscaling" "enabled" false $values) }}
replicas: {{ $values.replicas }}
{{- end }}
{{- with $values.strategy }}
strategy:
  {{- include "avatarpool.compact" . | nindent 2 }}
{{- end }}
selector:
  matchLabels:
    {{- include "avatarpool.selector" . | nindent 4 }}
{{- end }}

{{/* Common fields of both components' containers: (list $ "operator"). The probes use the port named internal. */}}
{{- define "avatarpool.container" -}}
{{- $root := index . 0 -}}
{{- $values := get $root.Values (index . 1) -}}
name: {{ index . 1 }}
image: {{ include "avatarpool.componentImage" . | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args:
  {{- toYaml (concat (list (index . 1)) $values.extraArgs) | nindent 2 }}
{{- with $values.securityContext }}
securityContext:
  {{- include "avatarpool.compact" . | nindent 2 }}
{{- end }}
livenessProbe:
  httpGet:
    path: /healthz
    port: internal
  {{- toYaml $values.livenessProbe | nindent 2 }}
readinessProbe:
  httpGet:
    path: /readyz
    port: internal
  {{- toYaml $values.readinessProbe | nindent 2 }}
{{- with $values.resources }}
resources:
  {{- include "avatarpool.compact" . | nindent 2 }}
{{- end }}
{{- with $values.extraEnvFrom }}
envFrom:
  {{- tpl (toYaml .) $root | nindent 2 }}
{{- end }}
{{- end }}

{{- define "avatarpool.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: AVATARPOOL_NAMESPACES
  value: {{ join "," .Values.namespaces | quote }}
- name: AVATARPOOL_LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: AVATARPOOL_LOG_FORMAT
  value: {{ .Values.logFormat }}
{{- end }}

{{/* Extra variables of a component, after its own: (list $ "operator"). */}}
{{- define "avatarpool.extraEnv" -}}
{{- $root := index . 0 -}}
{{- if include "avatarpool.extraCaVolume" $root }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/avatarpool/extra-ca/{{ $root.Values.extraCa.key }}
{{- end }}
{{- with (get $root.Values (index . 1)).extraEnv }}
{{- tpl (toYaml .) $root | nindent 0 }}
{{- end }}
{{- end }}

{{/* Proxy for requests that leave the cluster. Node honours these variables only with NODE_USE_ENV_PROXY. */}}
{{- define "avatarpool.proxyEnv" -}}
{{- $proxy := .Values.proxy -}}
{{- if or $proxy.http $proxy.https }}
- name: NODE_USE_ENV_PROXY
  value: "1"
{{- with $proxy.http }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with $proxy.https }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
{{- end }}
- name: NO_PROXY
  value: {{ join "," $proxy.noProxy | quote }}
{{- end }}
{{- end }}

{{- define "avatarpool.extraCaVolume" -}}
{{- with .Values.extraCa }}
{{- if .secret }}
secret:
  secretName: {{ .secret }}
{{- else if .configMap }}
configMap:
  name: {{ .configMap }}
{{- end }}
{{- end }}
{{- end }}

{{/* Volumes of a component beside its own: (list $ "operator"). */}}
{{- define "avatarpool.extraVolumes" -}}
{{- $root := index . 0 -}}
{{- with include "avatarpool.extraCaVolume" $root }}
- name: extra-ca
  {{- . | nindent 2 }}
{{- end }}
{{- with (get $root.Values (index . 1)).extraVolumes }}
{{- tpl (toYaml .) $root | nindent 0 }}
{{- end }}
{{- end }}

{{/* Their mounts: (list $ "operator"). */}}
{{- define "avatarpool.extraVolumeMounts" -}}
{{- $root := index . 0 -}}
{{- if include "avatarpool.extraCaVolume" $root }}
- name: extra-ca
  mountPath: /etc/avatarpool/extra-ca
  readOnly: true
{{- end }}
{{- with (get $root.Values (index . 1)).extraVolumeMounts }}
{{- tpl (toYaml .) $root | nindent 0 }}
{{- end }}
{{- end }}

{{/* More containers of a component: (list $ "operator"). */}}
{{- define "avatarpool.extraContainers" -}}
{{- $root := index . 0 -}}
{{- with (get $root.Values (index . 1)).extraContainers }}
{{- tpl (toYaml .) $root }}
{{- end }}
{{- end }}
