{{/* Prefix of all object names. Short enough for 63 characters with the longest suffix. */}}
{{- define "avatarpool.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "avatarpool.image" -}}
{{ .Values.image.repository }}{{ empty .Values.image.digest | ternary (printf ":%s" (default .Chart.AppVersion .Values.image.tag)) (printf "@%s" .Values.image.digest) }}
{{- end }}

{{/* Name of a component's cluster-scoped object: (list $ "gateway-pools"). It differs between releases of one name in several namespaces. */}}
{{- define "avatarpool.clusterName" -}}
{{- $root := index . 0 -}}
{{ $root.Release.Namespace }}:{{ include "avatarpool.fullname" $root }}-{{ index . 1 }}
{{- end }}

{{- define "avatarpool.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: avatarpool
app.kubernetes.io/name: avatarpool
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels that select the pods of a component: (list $ "operator"). */}}
{{- define "avatarpool.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: avatarpool
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Metadata of a component's object: (list $ "operator"), or (list $ "gateway" "gateway-internal") if its name differs. */}}
{{- define "avatarpool.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "avatarpool.fullname" $root }}-{{ last . }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "avatarpool.labels" $root | nindent 2 }}
  app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Common fields of both components' pods: (list $ "operator"). */}}
{{- define "avatarpool.podSpec" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ include "avatarpool.fullname" $root }}-{{ index . 1 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "avatarpool.selector" $ | nindent 8 }}
  {{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* Common fields of both components' containers: (list $ "operator"). The probes use the port named internal. */}}
{{- define "avatarpool.container" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
image: {{ include "avatarpool.image" $root | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args: [{{ index . 1 }}]
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
livenessProbe:
  httpGet:
    path: /healthz
    port: internal
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet:
    path: /readyz
    port: internal
  periodSeconds: 5
resources:
  {{- toYaml (get $root.Values (index . 1)).resources | nindent 2 }}
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
{{- end }}

{{/*
Rights of a component where pools live: a ClusterRole, or a Role in each of `namespaces`.
Takes a dict of root, component and rules (a list).
*/}}
{{- define "avatarpool.poolRights" -}}
{{- $component := .component }}
{{- $name := printf "%s-%s" (include "avatarpool.fullname" .root) $component }}
{{- $clusterName := include "avatarpool.clusterName" (list .root (printf "%s-pools" $component)) }}
{{- $rules := .rules }}
{{- $root := .root }}
{{- range default (list "") $root.Values.namespaces }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ empty . | ternary "ClusterRole" "Role" }}
metadata:
  name: {{ $clusterName }}
  {{- with . }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "avatarpool.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $component }}
rules:
  {{- $rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ empty . | ternary "ClusterRoleBinding" "RoleBinding" }}
metadata:
  name: {{ $clusterName }}
  {{- with . }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "avatarpool.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $component }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ empty . | ternary "ClusterRole" "Role" }}
  name: {{ $clusterName }}
subjects:
  - kind: ServiceAccount
    name: {{ $name }}
    namespace: {{ $root.Release.Namespace }}
{{- end }}
{{- end }}
